import { describe, expect, test } from 'vitest'
import type { Conversation, ConversationName, ConversationStore } from '../../src/core/index.ts'

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

/** Names that fall together where the two texts are joined carelessly. */
const ODD_NAMES: readonly ConversationName[] = [
  '',
  ' ',
  'a',
  'A',
  'a/b',
  'a","b',
  '../a',
  'é',
  'e\u0301',
  '__proto__',
].flatMap((tenant, _, all) => [...all, 'b', 'b/a', '","'].map((id) => ({ tenant, id })))

const named = (id: string, tenant = 't'): ConversationName => ({ tenant, id })

const talk = (name: ConversationName, ...said: readonly string[]): Conversation => ({
  ...name,
  turns: said.map((user) => ({ user, assistant: `answer to ${user}` })),
})

const S = named('s')

export function describeConversationStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`conversation store: ${name}`, () => {
    test('[CV5] what was put is there, whole, also after reopening', async () => {
      const { store, reopen } = await open()
      const kept = talk(S, 'Здравей 🙂', '', 'a\u2028b\0c\ud800', 'x'.repeat(1_000_000))
      await store.put(kept)
      expect(await store.get(S)).toStrictEqual(kept)
      expect(await (await reopen()).get(S)).toStrictEqual(kept)
    })

    test('[CV5] a conversation without turns is given back without them', async () => {
      const { store, reopen } = await open()
      await store.put(talk(S))
      expect(await store.get(S)).toStrictEqual({ ...S, turns: [] })
      expect(await (await reopen()).get(S)).toStrictEqual({ ...S, turns: [] })
    })

    test('[CV5] a later put takes the place of an earlier one', async () => {
      const { store, reopen } = await open()
      await store.put(talk(S, 'a much longer first version', 'of two turns'))
      await store.put(talk(S, 'b'))
      expect(await store.get(S)).toEqual(talk(S, 'b'))
      expect(await (await reopen()).get(S)).toEqual(talk(S, 'b'))
    })

    test('[CV5] what the caller does to a conversation after putting it does not change what is kept', async () => {
      const { store } = await open()
      const turns = [{ user: 'a', assistant: 'b' }]
      await store.put({ ...S, turns })
      turns.push({ user: 'c', assistant: 'd' })
      expect(await store.get(S)).toEqual({ ...S, turns: [{ user: 'a', assistant: 'b' }] })
    })

    test('[CV6] an id that was never put is unknown and deleting it deletes nothing', async () => {
      const { store } = await open()
      await store.put(talk(S, 'a'))
      expect(await store.get(named('t'))).toBeUndefined()
      expect(await store.delete(named('t'))).toBe(false)
      expect(await store.get(S)).toEqual(talk(S, 'a'))
    })

    test('[CV6] what was deleted is gone, also after reopening, and can be put again', async () => {
      const { store, reopen } = await open()
      await store.put(talk(S, 'a'))
      expect(await store.delete(S)).toBe(true)
      expect(await store.get(S)).toBeUndefined()
      expect(await store.delete(S)).toBe(false)
      const again = await reopen()
      expect(await again.get(S)).toBeUndefined()
      await again.put(talk(S, 'b'))
      expect(await again.get(S)).toEqual(talk(S, 'b'))
    })

    test('[AU3] two tenants may give one id, and neither reaches what the other keeps under it', async () => {
      const { store, reopen } = await open()
      const [mine, theirs] = [named('s', 'one'), named('s', 'two')]
      await store.put(talk(mine, 'mine'))
      expect(await store.get(theirs)).toBeUndefined()
      expect(await store.delete(theirs)).toBe(false)
      await store.put(talk(theirs, 'theirs'))
      const again = await reopen()
      for (const each of [store, again]) {
        expect(await each.get(mine)).toStrictEqual(talk(mine, 'mine'))
        expect(await each.get(theirs)).toStrictEqual(talk(theirs, 'theirs'))
      }
      expect(await again.delete(mine)).toBe(true)
      expect(await store.get(mine)).toBeUndefined()
      expect(await store.get(theirs)).toEqual(talk(theirs, 'theirs'))
    })

    test('[AU3] a tenant and an id are two texts, however they would read together', async () => {
      const { store, reopen } = await open()
      const saidIn = (one: ConversationName): Conversation => talk(one, JSON.stringify([one.tenant, one.id]))
      for (const one of ODD_NAMES) await store.put(saidIn(one))
      const again = await reopen()
      for (const one of ODD_NAMES) expect(await again.get(one)).toEqual(saidIn(one))
    })

    test('[CV2] any text is an id of its own', async () => {
      const { store, reopen } = await open()
      const saidIn = (id: string): Conversation => talk(named(id), `said in ${JSON.stringify(id)}`)
      for (const id of ODD_IDS) await store.put(saidIn(id))
      const again = await reopen()
      for (const id of ODD_IDS) {
        expect(await store.get(named(id))).toEqual(saidIn(id))
        expect(await again.get(named(id))).toEqual(saidIn(id))
      }
      for (const id of ODD_IDS) expect(await store.delete(named(id))).toBe(true)
      for (const id of ODD_IDS) expect(await store.get(named(id))).toBeUndefined()
    })

    test('[CV5] puts of many conversations at once are all kept', async () => {
      const { store, reopen } = await open()
      const names = Array.from({ length: 50 }, (_, index) => named(`s${index}`, `t${index % 3}`))
      await Promise.all(names.map((one) => store.put(talk(one, one.id))))
      const again = await reopen()
      for (const one of names) expect(await again.get(one)).toEqual(talk(one, one.id))
    })

    test('[CV5] of puts of one conversation at once one is kept whole', async () => {
      const { store, reopen } = await open()
      const versions = Array.from({ length: 20 }, (_, index) => talk(S, `${index}`.repeat(index * 1000 + 1)))
      await Promise.all(versions.map((version) => store.put(version)))
      expect(versions).toContainEqual(await store.get(S))
      expect(versions).toContainEqual(await (await reopen()).get(S))
    })
  })
}
