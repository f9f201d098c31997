import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type {
  Claim,
  Conversation,
  ConversationName,
  ConversationStore,
  ConversationTurn,
} from '../../src/core/index.ts'

/** What every `ConversationStore` must do. `open` gives an empty one. */
export interface StoreUnderTest {
  readonly store: ConversationStore
  /** Closes the store and opens another on what it has kept; the first is not used again. */
  readonly reopen: () => Promise<ConversationStore>
  /** Another one on the same, as another gateway has it, where there can be one. */
  readonly beside?: () => Promise<ConversationStore>
  /** Lets time pass by which claims run out; where it is not given, it passes by itself. */
  readonly passTime?: (ms: number) => Promise<void>
}

const SHORT_MS = 50
const LONG_MS = 600_000
const DEADLINE_MS = 20_000
const START_MS = 1_700_000_000_000

const ODD_TEXTS = [
  '',
  ' \n\t ',
  'Здравей 🙂',
  '👨‍👩‍👧‍👦',
  'a\u2028b\0c',
  '\0',
  '\\u0000',
  '\\',
  '"',
  '\ud800',
  'x\udc00\ud83d',
  'مرحبا بالعالم ‏‎‫',
  'e\u0301 é',
  "'; drop table turns; --",
  '$1 %s {}',
  'null',
]

const ODD_IDS = [
  'plain',
  'Plain',
  '../x',
  '..',
  '.',
  '/',
  'a/b',
  'a\\b',
  'a\\\\b',
  '',
  ' ',
  'a\nb',
  '\0',
  '\\0',
  '\\u0000',
  '%',
  '_',
  '%2e%2e',
  'CON',
  '🙂',
  '👨‍👩‍👧‍👦',
  '__proto__',
  'constructor',
  'Ж'.repeat(256),
  '🙂'.repeat(256),
  '\0'.repeat(256),
  Array.from({ length: 256 }, (_, index) => String.fromCodePoint(0x1_f300 + ((index * 7919) % 1000))).join(''),
  'é',
  'e\u0301',
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

const base64url = (text: string): string => Buffer.from(text).toString('base64url')

const FOREIGN_CURSORS = [
  '',
  ' ',
  'x',
  '🙂',
  '\0',
  '\ud800',
  'null',
  '-1',
  '99999999999999999999',
  "' or true --",
  'A'.repeat(10_000),
  base64url('[]'),
  base64url('{}'),
  base64url('null'),
  base64url('[null,null]'),
  base64url('[1e300,"x"]'),
  base64url('[-1e300,"x"]'),
  base64url('["x",1]'),
  base64url('[1700000000000]'),
]

const named = (id: string, tenant = 't'): ConversationName => ({ tenant, id })

const turn = (user: string, rest: Partial<ConversationTurn> = {}): ConversationTurn => ({
  user,
  assistant: `answer to ${user}`,
  interrupted: false,
  agent: 'conversational',
  model: 'haiku',
  askedAtMs: START_MS,
  answeredAtMs: START_MS + 1,
  ...rest,
})

/** What is kept of turns that were appended in this order. */
function kept(name: ConversationName, ...turns: readonly [ConversationTurn, ...ConversationTurn[]]): Conversation {
  const last = turns.at(-1) ?? turns[0]
  return {
    ...name,
    createdAtMs: turns[0].askedAtMs,
    updatedAtMs: last.answeredAtMs,
    turnCount: turns.length,
    agent: last.agent,
    model: last.model,
    turns,
  }
}

const S = named('s')

async function take(store: ConversationStore, name: ConversationName, leaseMs = LONG_MS): Promise<Claim> {
  const claim = await store.claim(name, { leaseMs })
  if (claim === undefined) throw new Error('another holds the claim')
  return claim
}

async function add(store: ConversationStore, name: ConversationName, ...turns: readonly ConversationTurn[]) {
  for (const each of turns) expect(await store.append(await take(store, name), each)).toBe(true)
}

const remove = async (store: ConversationStore, name: ConversationName): Promise<boolean | undefined> =>
  await store.delete(await take(store, name))

/** Each conversation answered at its own time: the first is the oldest. */
async function addAll(store: ConversationStore, ids: readonly string[], tenant = 't'): Promise<void> {
  for (const [index, id] of ids.entries())
    await add(store, named(id, tenant), turn(id, { answeredAtMs: START_MS + index }))
}

/** The ids of all pages. */
async function listed(store: ConversationStore, limit: number, tenant = 't'): Promise<readonly string[]> {
  const ids: string[] = []
  for (let after: string | undefined; ;) {
    const page = await store.list(tenant, { limit, ...(after === undefined ? {} : { after }) })
    ids.push(...page.items.map(({ id }) => id))
    expect(page.items.length).toBeLessThanOrEqual(limit)
    if (page.next === undefined) return ids
    expect(page.items).toHaveLength(limit)
    after = page.next
  }
}

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index)

export function describeConversationStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`conversation store: ${name}`, () => {
    /** Another takes the claim as soon as it can be taken. */
    async function takeOver(
      { passTime = (ms) => delay(ms) }: StoreUnderTest,
      store: ConversationStore,
      of: ConversationName,
    ): Promise<Claim> {
      const lateMs = Date.now() + DEADLINE_MS
      for (;;) {
        const claim = await store.claim(of, { leaseMs: LONG_MS })
        if (claim !== undefined) return claim
        if (Date.now() > lateMs) throw new Error('the claim does not run out')
        await passTime(SHORT_MS / 5)
      }
    }

    test('[CV5] what was appended is there, whole, also after reopening', async () => {
      const { store, reopen } = await open()
      const usage = { inputTokens: 1, cacheReadTokens: 2, cacheWriteTokens: 3, outputTokens: 4, reasoningTokens: 0 }
      const turns = [
        turn('a', { usage, costUsd: 0.1 + 0.2 }),
        turn('b', { agent: 'друг', model: 'opus', askedAtMs: START_MS + 5, answeredAtMs: START_MS + 1_234_567 }),
        turn('c', { interrupted: true, costUsd: 0, askedAtMs: START_MS + 2e6, answeredAtMs: START_MS + 2e6 }),
      ] as const
      expect(await store.get(S)).toBeUndefined()
      for (const [index, each] of turns.entries()) {
        await add(store, S, each)
        expect(await store.get(S)).toStrictEqual(kept(S, turns[0], ...turns.slice(1, index + 1)))
      }
      const again = await reopen()
      expect(await again.get(S)).toStrictEqual(kept(S, ...turns))
      const { turns: _, ...summary } = kept(S, ...turns)
      expect(await again.list('t', { limit: 10 })).toStrictEqual({ items: [summary] })
      const next = turn('d', { askedAtMs: START_MS + 3e6, answeredAtMs: START_MS + 3e6 })
      await add(again, S, next)
      expect(await again.get(S)).toStrictEqual(kept(S, ...turns, next))
    })

    test('[CV5] any text comes back as it was', async () => {
      const { store, reopen } = await open()
      const [first = turn(''), ...rest] = ODD_TEXTS.map((text) => turn(text, { assistant: text }))
      await add(store, S, first, ...rest)
      const again = await reopen()
      expect(await again.get(S)).toStrictEqual(kept(S, first, ...rest))
    })

    test('[CV5] texts of a megabyte come back as they were', { timeout: 60_000 }, async () => {
      const { store, reopen } = await open()
      const large = turn('x'.repeat(1_000_000), { assistant: '🙂\0Ж\ud800'.repeat(200_000) })
      await add(store, S, turn('a'), large, turn('b'))
      const again = await reopen()
      expect((await again.get(S))?.turns[1]).toStrictEqual(large)
      expect((await again.get(S))?.turnCount).toBe(3)
    })

    test('[CV5] 500 turns are there, in the order in which they were appended', { timeout: 120_000 }, async () => {
      const { store, reopen } = await open()
      // Of one time: nothing but the order of appending tells which is first.
      const [first = turn(''), ...rest] = numbers(500).map((index) => turn(`${index}`))
      await add(store, S, first, ...rest)
      expect((await store.get(S))?.turnCount).toBe(500)
      expect(await (await reopen()).get(S)).toStrictEqual(kept(S, first, ...rest))
    })

    test('[CV2] any text is an id of its own', { timeout: 60_000 }, async () => {
      const { store, reopen } = await open()
      const said = (id: string): ConversationTurn => turn(`said in ${JSON.stringify(id)}`)
      for (const id of ODD_IDS) await add(store, named(id), said(id))
      const again = await reopen()
      for (const id of ODD_IDS) expect(await again.get(named(id))).toStrictEqual(kept(named(id), said(id)))
      expect((await listed(again, 3)).toSorted()).toEqual(ODD_IDS.toSorted())
      for (const id of ODD_IDS) expect(await remove(again, named(id))).toBe(true)
      for (const id of ODD_IDS) expect(await again.get(named(id))).toBeUndefined()
    })

    test('[AU3] two tenants may give one id, and neither reaches what the other keeps under it', async () => {
      const { store, reopen } = await open()
      const [mine, theirs] = [named('s', 'one'), named('s', 'two')]
      const claim = await take(store, mine)
      const other = await take(store, theirs)
      expect(await store.append(claim, turn('mine'))).toBe(true)
      expect(await store.get(theirs)).toBeUndefined()
      expect(await store.delete(other)).toBe(false)
      expect(await store.list('two', { limit: 5 })).toEqual({ items: [] })
      await add(store, theirs, turn('theirs'))
      const again = await reopen()
      expect(await again.get(mine)).toStrictEqual(kept(mine, turn('mine')))
      expect(await again.get(theirs)).toStrictEqual(kept(theirs, turn('theirs')))
      expect((await again.list('one', { limit: 5 })).items).toMatchObject([mine])
      expect(await remove(again, mine)).toBe(true)
      expect(await again.get(theirs)).toStrictEqual(kept(theirs, turn('theirs')))
    })

    test('[AU3] a claim is good for its own conversation only, however alike the names are', async () => {
      const { store } = await open()
      const claim = await take(store, S)
      await add(store, named('s', 'u'), turn('a'))
      for (const other of [named('s', 'u'), named('x')]) {
        const forged: Claim = { ...other, epoch: claim.epoch }
        expect(await store.extend(forged, { leaseMs: LONG_MS })).toBe(false)
        expect(await store.append(forged, turn('b'))).toBe(false)
        expect(await store.delete(forged)).toBeUndefined()
      }
      expect(await store.get(named('x'))).toBeUndefined()
      expect((await store.get(named('s', 'u')))?.turns).toHaveLength(1)
    })

    test('[AU3] a tenant and an id are two texts, however they would read together', { timeout: 60_000 }, async () => {
      const { store, reopen } = await open()
      const said = (one: ConversationName): ConversationTurn => turn(JSON.stringify([one.tenant, one.id]))
      for (const one of ODD_NAMES) await add(store, one, said(one))
      const again = await reopen()
      for (const one of ODD_NAMES) expect(await again.get(one)).toStrictEqual(kept(one, said(one)))
    })

    test('[CV10] a list has the newest turn first, of one tenant, part by part', async () => {
      const { store } = await open()
      await addAll(store, ['a', 'b', 'c', 'd', 'e'])
      await addAll(store, ['x', 'y'], 'u')
      for (const limit of [1, 2, 3, 4, 5, 6, 200]) expect(await listed(store, limit)).toEqual(['e', 'd', 'c', 'b', 'a'])
      expect(await listed(store, 1, 'u')).toEqual(['y', 'x'])
      expect(await listed(store, 1, 'nobody')).toEqual([])
      await add(store, named('b'), turn('again', { answeredAtMs: START_MS + 100 }))
      expect(await listed(store, 2)).toEqual(['b', 'e', 'd', 'c', 'a'])
    })

    test('[CV10] where there is no more there is no next part, also where the last one is full', async () => {
      const { store } = await open()
      await addAll(store, ['a', 'b'])
      const { next, items } = await store.list('t', { limit: 2 })
      expect([next, items.length]).toEqual([undefined, 2])
      expect((await store.list('t', { limit: 1 })).next).toBeTypeOf('string')
    })

    test('[CV10] those that end at one time are all there, once each', async () => {
      const { store } = await open()
      const ids = [...numbers(20).map((index) => `s${index}`), '🙂', '\0', 'é', 'Ж', '', '\\', '"', 'Z', 'a']
      for (const id of ids) await add(store, named(id), turn('a'))
      const whole = await listed(store, 200)
      expect(whole.toSorted()).toEqual(ids.toSorted())
      for (const limit of [1, 2, 7]) expect(await listed(store, limit)).toEqual(whole)
    })

    test('[CV10] what comes or goes between two parts moves none of the others', async () => {
      const { store } = await open()
      await addAll(store, ['a', 'b', 'c', 'd', 'e', 'f'])
      const first = await store.list('t', { limit: 2 })
      expect(first.items.map(({ id }) => id)).toEqual(['f', 'e'])
      const after = first.next ?? ''
      await add(store, named('new'), turn('n', { answeredAtMs: START_MS + 100 }))
      await add(store, named('f'), turn('again', { answeredAtMs: START_MS + 101 }))
      expect(await remove(store, named('e'))).toBe(true)
      const second = await store.list('t', { limit: 2, after })
      expect(second.items.map(({ id }) => id)).toEqual(['d', 'c'])
      expect(await remove(store, named('a'))).toBe(true)
      const third = await store.list('t', { limit: 2, after: second.next ?? '' })
      expect([third.items.map(({ id }) => id), third.next]).toEqual([['b'], undefined])
    })

    test('[CV10] what names no part of the list begins it anew', async () => {
      const { store } = await open()
      await addAll(store, ['a', 'b', 'c'])
      const first = await store.list('t', { limit: 2 })
      for (const after of FOREIGN_CURSORS)
        expect([after, await store.list('t', { limit: 2, after })]).toEqual([after, first])
    })

    test('[AU3] [CV10] a part of another tenant’s list leads to none of its conversations', async () => {
      const { store } = await open()
      await addAll(store, ['a', 'b', 'c'])
      await addAll(store, ['x', 'y', 'z'], 'u')
      const { next = '' } = await store.list('u', { limit: 1 })
      const { items } = await store.list('t', { limit: 10, after: next })
      expect(items.filter(({ tenant }) => tenant !== 't')).toEqual([])
    })

    test('[CV3] [CV12] of many that want a claim at once one has it, in each conversation', async () => {
      const { store, beside } = await open()
      const stores = [store, (await beside?.()) ?? store]
      const names = ['a', 'b', 'c'].map((id) => named(id))
      for (let round = 0; round < 5; round++) {
        const claims = await Promise.all(
          names.flatMap((one) =>
            numbers(50).map((index) => (stores[index % 2] ?? store).claim(one, { leaseMs: LONG_MS })),
          ),
        )
        const taken = claims.filter((claim) => claim !== undefined)
        expect(taken.map(({ id }) => id).toSorted()).toEqual(['a', 'b', 'c'])
        for (const claim of taken) await store.release(claim)
      }
    })

    test(
      '[CV3] [CV12] turns that are appended at once, each under its claim, are all there',
      { timeout: 60_000 },
      async () => {
        const { store, beside } = await open()
        const stores = [store, (await beside?.()) ?? store]
        const append = async (index: number): Promise<void> => {
          const own = stores[index % 2] ?? store
          const lateMs = Date.now() + DEADLINE_MS
          for (;;) {
            const claim = await own.claim(S, { leaseMs: LONG_MS })
            if (claim === undefined) {
              if (Date.now() > lateMs) throw new Error('the claim is not given back')
              await delay(1)
              continue
            }
            // Whoever has the claim sees all turns before its own.
            const seen = (await own.get(S))?.turns.length ?? 0
            expect(await own.append(claim, turn(`${seen}`))).toBe(true)
            return
          }
        }
        await Promise.all(numbers(25).map(append))
        expect((await store.get(S))?.turns.map(({ user }) => user)).toEqual(numbers(25).map(String))
      },
    )

    test('[CV12] a claim that is given back can be taken again, and leaves no conversation', async () => {
      const { store, reopen } = await open()
      const first = await take(store, S)
      expect(await store.claim(S, { leaseMs: LONG_MS })).toBeUndefined()
      await store.release(first)
      await store.release(first)
      const second = await take(store, S)
      expect(second.epoch).toBeGreaterThan(first.epoch)
      await store.release(second)
      expect(await store.get(S)).toBeUndefined()
      expect(await store.list('t', { limit: 5 })).toEqual({ items: [] })
      expect(await (await reopen()).get(S)).toBeUndefined()
    })

    test('[CV12] a turn and the claim that it is appended under are settled together', async () => {
      const { store } = await open()
      const claim = await take(store, S)
      expect(await store.append(claim, turn('a'))).toBe(true)
      // The right is given back, so what is tried again under it is not written twice.
      expect(await store.append(claim, turn('a'))).toBe(false)
      expect(await store.extend(claim, { leaseMs: LONG_MS })).toBe(false)
      expect(await store.delete(claim)).toBeUndefined()
      await store.release(claim)
      expect(await store.get(S)).toStrictEqual(kept(S, turn('a')))
      const next = await take(store, S)
      expect(next.epoch).toBeGreaterThan(claim.epoch)
      expect(await store.append(next, turn('b'))).toBe(true)
      expect((await store.get(S))?.turns).toHaveLength(2)
    })

    test('[CV12] a claim that was released or whose conversation was removed writes nothing', async () => {
      const { store } = await open()
      const released = await take(store, S)
      await store.release(released)
      const spent = await take(store, S)
      expect(await store.delete(spent)).toBe(false)
      for (const claim of [released, spent]) {
        expect(await store.append(claim, turn('late'))).toBe(false)
        expect(await store.extend(claim, { leaseMs: LONG_MS })).toBe(false)
        expect(await store.delete(claim)).toBeUndefined()
      }
      expect(await store.get(S)).toBeUndefined()
      await add(store, S, turn('a'))
    })

    test('[CV12] a claim that has run out and was taken by another changes nothing any more', async () => {
      const under = await open()
      const { store, beside } = under
      const other = (await beside?.()) ?? store
      await add(store, S, turn('a'))
      const dead = await take(store, S, SHORT_MS)
      const successor = await takeOver(under, other, S)
      expect(successor.epoch).toBeGreaterThan(dead.epoch)
      expect(await store.extend(dead, { leaseMs: LONG_MS })).toBe(false)
      expect(await store.append(dead, turn('late'))).toBe(false)
      expect(await store.delete(dead)).toBeUndefined()
      await store.release(dead)
      expect(await store.claim(S, { leaseMs: LONG_MS })).toBeUndefined()
      expect(await store.get(S)).toStrictEqual(kept(S, turn('a')))
      expect(await other.append(successor, turn('b'))).toBe(true)
      // Nor once the successor has given the right back.
      expect(await store.append(dead, turn('late'))).toBe(false)
      expect(await store.delete(dead)).toBeUndefined()
      expect(await store.get(S)).toStrictEqual(kept(S, turn('a'), turn('b')))
    })

    test('[CV6] [CV12] a claim is no good for a conversation that was removed and begun anew under its name', async () => {
      const under = await open()
      const { store } = under
      await add(store, S, turn('a'))
      const dead = await take(store, S, SHORT_MS)
      expect(await store.delete(await takeOver(under, store, S))).toBe(true)
      for (let round = 0; round < 3; round++) {
        const anew = await take(store, S)
        expect(anew.epoch).toBeGreaterThan(dead.epoch)
        expect(await store.append(dead, turn('late'))).toBe(false)
        expect(await store.delete(dead)).toBeUndefined()
        await store.release(anew)
      }
      expect(await store.get(S)).toBeUndefined()
    })

    test('[CV12] a claim that has run out is still good while nobody has taken it', async () => {
      const under = await open()
      const { store } = under
      const claim = await take(store, S, 1)
      // When another, taken later and for longer, has run out, the first has too.
      const runOut = async (): Promise<void> => {
        await take(store, named('other'), SHORT_MS)
        await store.release(await takeOver(under, store, named('other')))
      }
      await runOut()
      expect(await store.extend(claim, { leaseMs: 1 })).toBe(true)
      await runOut()
      expect(await store.append(claim, turn('a'))).toBe(true)
      expect(await store.get(S)).toStrictEqual(kept(S, turn('a')))
    })

    test('[CV12] a claim that is extended is held from then on', async () => {
      const under = await open()
      const { store } = under
      const claim = await take(store, S, SHORT_MS)
      expect(await store.extend(claim, { leaseMs: LONG_MS })).toBe(true)
      // When one of the same length that was taken later has run out, it would have run out too.
      await take(store, named('other'), SHORT_MS)
      await takeOver(under, store, named('other'))
      expect(await store.claim(S, { leaseMs: LONG_MS })).toBeUndefined()
      expect(await store.append(claim, turn('a'))).toBe(true)
    })

    test('[CV5] [CV12] a claim is held, and its number known, after reopening', async () => {
      const { store, reopen } = await open()
      const claim = await take(store, S)
      const again = await reopen()
      const next = await again.claim(S, { leaseMs: LONG_MS })
      // A home that only one server can open may know that its holder is gone.
      expect(next === undefined || next.epoch > claim.epoch).toBe(true)
      expect(await again.append(claim, turn('a'))).toBe(next === undefined)
    })

    test('[CV6] what is removed is gone, also after reopening, and can be begun anew', async () => {
      const { store, reopen } = await open()
      await add(store, S, turn('a'), turn('b'))
      await add(store, named('x'), turn('other'))
      expect(await remove(store, S)).toBe(true)
      expect(await store.get(S)).toBeUndefined()
      expect(await remove(store, S)).toBe(false)
      expect(await remove(store, named('never'))).toBe(false)
      const again = await reopen()
      expect(await again.get(S)).toBeUndefined()
      expect(await listed(again, 5)).toEqual(['x'])
      await add(again, S, turn('c'))
      expect(await again.get(S)).toStrictEqual(kept(S, turn('c')))
      expect(await again.get(named('x'))).toStrictEqual(kept(named('x'), turn('other')))
    })

    test('[CV11] those without a turn since a time are removed, of all tenants, but none that somebody holds', async () => {
      const under = await open()
      const { store, reopen } = under
      await addAll(store, ['a', 'b', 'c', 'held', 'd'])
      await addAll(store, ['x', 'y', 'z', 'z3', 'z4', 'z5'], 'u')
      await add(store, named('a'), turn('again', { answeredAtMs: START_MS + 50 }))
      const claim = await take(store, named('held'))
      const updatedBeforeMs = START_MS + 4
      expect(await store.deleteIdle({ updatedBeforeMs: START_MS })).toBe(0)
      expect(await store.deleteIdle({ updatedBeforeMs })).toBe(2 + 4)
      expect(await store.deleteIdle({ updatedBeforeMs })).toBe(0)
      expect(await listed(store, 10)).toEqual(['a', 'd', 'held'])
      expect(await listed(store, 10, 'u')).toEqual(['z5', 'z4'])
      expect(await store.append(claim, turn('b', { answeredAtMs: START_MS + 60 }))).toBe(true)
      expect((await store.get(named('held')))?.turnCount).toBe(2)
      const again = await reopen()
      expect(await listed(again, 10)).toEqual(['held', 'a', 'd'])
      expect((await again.get(named('a')))?.turnCount).toBe(2)
      await add(again, named('b'), turn('anew'))
      expect(await again.get(named('b'))).toStrictEqual(kept(named('b'), turn('anew')))
    })

    test('[CV11] one whose claim has run out is removed with the others', async () => {
      const under = await open()
      const { store } = under
      await add(store, S, turn('a'))
      await take(store, S, SHORT_MS)
      await take(store, named('other'), 2 * SHORT_MS)
      await takeOver(under, store, named('other'))
      expect(await store.deleteIdle({ updatedBeforeMs: START_MS + 100 })).toBe(1)
      expect(await store.get(S)).toBeUndefined()
    })
  })
}
