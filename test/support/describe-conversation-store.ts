import { describe, expect, test } from 'vitest'
import type { Conversation, ConversationStore } from '../../src/core/index.ts'

/** What every `ConversationStore` must do. `open` gives an empty one; `reopen` gives another on what the first has kept. */
export interface StoreUnderTest {
  readonly store: ConversationStore
  readonly reopen: () => Promise<ConversationStore>
}

const ODD_IDS = [
  'plain',
  'Plain',
  '../x',
  '..',
  '.',
  '/',
  '/etc/passwd',
  'a/b',
  'a\\b',
  '',
  ' ',
  'a\nb',
  '\0',
  '%2e%2e',
  'CON',
  '🙂',
  '👨‍👩‍👧‍👦',
  '__proto__',
  'constructor',
  'Ж'.repeat(256),
  'é',
  'e\u0301',
  'x'.repeat(10_000),
]

const talk = (id: string, ...said: readonly string[]): Conversation => ({
  id,
  turns: said.map((user) => ({ user, assistant: `answer to ${user}` })),
})

export function describeConversationStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`conversation store: ${name}`, () => {
    test('[CV5] what was put is there, whole, also after reopening', async () => {
      const { store, reopen } = await open()
      const kept: Conversation = {
        ...talk('s', 'Здравей 🙂', '', 'a\u2028b\0c\ud800', 'x'.repeat(1_000_000)),
        session: { uuid: '11111111-2222-5333-8444-555555555555', opened: true, resumeAt: 'message', persona: 'p' },
      }
      await store.put(kept)
      expect(await store.get('s')).toEqual(kept)
      expect(await (await reopen()).get('s')).toEqual(kept)
    })

    test('[CV5] a conversation without a session and without turns is given back without them', async () => {
      const { store, reopen } = await open()
      await store.put(talk('s'))
      expect(await store.get('s')).toStrictEqual({ id: 's', turns: [] })
      expect(await (await reopen()).get('s')).toStrictEqual({ id: 's', turns: [] })
    })

    test('[CV5] a later put takes the place of an earlier one', async () => {
      const { store, reopen } = await open()
      await store.put(talk('s', 'a much longer first version', 'of two turns'))
      await store.put(talk('s', 'b'))
      expect(await store.get('s')).toEqual(talk('s', 'b'))
      expect(await (await reopen()).get('s')).toEqual(talk('s', 'b'))
    })

    test('[CV5] what the caller does to a conversation after putting it does not change what is kept', async () => {
      const { store } = await open()
      const turns = [{ user: 'a', assistant: 'b' }]
      await store.put({ id: 's', turns })
      turns.push({ user: 'c', assistant: 'd' })
      expect(await store.get('s')).toEqual({ id: 's', turns: [{ user: 'a', assistant: 'b' }] })
    })

    test('[CV6] an id that was never put is unknown and deleting it deletes nothing', async () => {
      const { store } = await open()
      await store.put(talk('s', 'a'))
      expect(await store.get('t')).toBeUndefined()
      expect(await store.delete('t')).toBe(false)
      expect(await store.get('s')).toEqual(talk('s', 'a'))
    })

    test('[CV6] what was deleted is gone, also after reopening, and can be put again', async () => {
      const { store, reopen } = await open()
      await store.put(talk('s', 'a'))
      expect(await store.delete('s')).toBe(true)
      expect(await store.get('s')).toBeUndefined()
      expect(await store.delete('s')).toBe(false)
      const again = await reopen()
      expect(await again.get('s')).toBeUndefined()
      await again.put(talk('s', 'b'))
      expect(await again.get('s')).toEqual(talk('s', 'b'))
    })

    test('[CV2] any text is an id of its own', async () => {
      const { store, reopen } = await open()
      for (const id of ODD_IDS) await store.put(talk(id, `said in ${JSON.stringify(id)}`))
      const again = await reopen()
      for (const id of ODD_IDS) {
        expect(await store.get(id)).toEqual(talk(id, `said in ${JSON.stringify(id)}`))
        expect(await again.get(id)).toEqual(talk(id, `said in ${JSON.stringify(id)}`))
      }
      for (const id of ODD_IDS) expect(await store.delete(id)).toBe(true)
      for (const id of ODD_IDS) expect(await store.get(id)).toBeUndefined()
    })

    test('[CV5] puts of many conversations at once are all kept', async () => {
      const { store, reopen } = await open()
      const ids = Array.from({ length: 50 }, (_, index) => `s${index}`)
      await Promise.all(ids.map((id) => store.put(talk(id, id))))
      const again = await reopen()
      for (const id of ids) expect(await again.get(id)).toEqual(talk(id, id))
    })

    test('[CV5] of puts of one conversation at once one is kept whole', async () => {
      const { store, reopen } = await open()
      const versions = Array.from({ length: 20 }, (_, index) => talk('s', `${index}`.repeat(index * 1000 + 1)))
      await Promise.all(versions.map((version) => store.put(version)))
      expect(versions).toContainEqual(await store.get('s'))
      expect(versions).toContainEqual(await (await reopen()).get('s'))
    })
  })
}
