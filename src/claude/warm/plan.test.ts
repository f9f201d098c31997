import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ABLE, anyAbilities, anyHeld, anyWantedOf } from '../../../test/support/histories.ts'
import type { Turn } from '../protocol/index.ts'
import { align, type Held, type Wanted } from './align.ts'
import { movingAverage } from '../../lib/index.ts'
import { choose, worthStarting, type Candidate } from './plan.ts'
import { freshHeld } from './start.ts'

const SETTINGS = { maxOutputTokens: undefined, reasoning: 'none' } as const

/** A history of so many questions and their answers. */
const talk = (about: string, pairs: number): readonly Turn[] =>
  Array.from({ length: pairs }, (_, index): readonly Turn[] => [
    { role: 'user', text: `${about} ${index}` },
    { role: 'assistant', text: `so ${index}` },
  ]).flat()

/** A process that holds this history, asked question by question. */
const holding = (turns: readonly Turn[]): Held => ({
  system: 'S',
  model: 'sonnet',
  settings: SETTINGS,
  functions: [],
  rows: turns.map((turn, index) => (turn.role === 'user' ? { ...turn, uuid: `u${index}` } : turn)),
})
/** The same, but replayed in bulk: only its first message can be rewound to. */
const replayed = (held: Held): Held => ({
  ...held,
  rows: held.rows.map(({ role, text }, index) => (index === 0 ? { role, text, uuid: 'u0' } : { role, text })),
})
const wanting = (turns: readonly Turn[]): Wanted => ({
  system: 'S',
  model: 'sonnet',
  settings: SETTINGS,
  functions: [],
  turns,
  ask: { role: 'user', text: 'and then?' },
})
const candidate = (id: number, rest: Partial<Candidate> = {}): Candidate => ({
  id,
  tenant: 'mine',
  state: 'idle',
  held: holding([]),
  idleMs: 1000,
  ...rest,
})
const spare = (id: number): Candidate =>
  candidate(id, { tenant: undefined, held: freshHeld({ model: 'sonnet', abilities: ABLE }) })

const chosen = (candidates: readonly Candidate[], turns: readonly Turn[]): number | undefined =>
  choose(candidates, { tenant: 'mine', wanted: wanting(turns) }, ABLE)?.candidate.id

const anyCandidates = fc
  .array(
    fc.record({
      tenant: fc.constantFrom(undefined, 'mine', 'theirs'),
      state: fc.constantFrom('idle', 'recovering'),
      held: anyHeld,
      idleMs: fc.integer({ min: 0, max: 300_000 }),
    }),
    { maxLength: 6 },
  )
  .map((list) => list.map((one, id): Candidate => ({ ...one, id })))

const anyCase = anyCandidates.chain((candidates) =>
  fc.tuple(
    fc.constant(candidates),
    fc.oneof(...[holding([]), ...candidates.map(({ held }) => held)].map((held) => anyWantedOf(held))),
    anyAbilities,
  ),
)

test('[WP3] a process of another tenant is never given, and one that could serve is not passed over', () => {
  fc.assert(
    fc.property(anyCase, ([candidates, wanted, abilities]) => {
      const choice = choose(candidates, { tenant: 'mine', wanted }, abilities)
      const able = candidates.filter(
        ({ tenant, held }) => tenant !== 'theirs' && align(held, wanted, abilities) !== undefined,
      )
      if (choice === undefined) {
        expect(able).toEqual([])
        return
      }
      expect(able).toContain(choice.candidate)
      expect(choice.alignment).toEqual(align(choice.candidate.held, wanted, abilities))
    }),
    { seed: 11, numRuns: 2000, interruptAfterTimeLimit: 10_000 },
  )
})

test('a conversation goes on with the process that holds exactly its history', () => {
  fc.assert(
    fc.property(anyCandidates, fc.integer({ min: 1, max: 4 }), fc.nat(6), (others, pairs, place) => {
      const turns = talk('mine', pairs)
      const candidates = others.toSpliced(place, 0, candidate(100, { held: holding(turns) }))
      expect(chosen(candidates, turns)).toBe(100)
    }),
    { seed: 12, numRuns: 1000, interruptAfterTimeLimit: 10_000 },
  )
})

test('a conversation waits for its own process to recover rather than begin anew on a spare', () => {
  const turns = talk('mine', 3)
  const own = candidate(1, { state: 'recovering', held: holding(turns) })
  expect(chosen([spare(2), own], turns)).toBe(1)
  expect(chosen([spare(2), own], talk('other', 3))).toBe(2)
})

test('a used process goes before a spare, unless another conversation loses more by it', () => {
  const turns = talk('mine', 2)
  const used = (pairs: number, idleMs = 1000) => candidate(1, { held: replayed(holding(talk('other', pairs))), idleMs })
  expect(chosen([spare(2), used(1)], turns)).toBe(1)
  expect(chosen([used(1), spare(2)], turns)).toBe(1)
  expect(chosen([used(100), spare(2)], turns)).toBe(2)
  // A conversation that nobody has gone on with for long is no loss.
  expect(chosen([spare(2), used(100, 120_001)], turns)).toBe(1)
})

test('a conversation that is cut back keeps its own process though another is empty', () => {
  const turns = talk('mine', 40)
  const own = candidate(1, { held: holding(turns) })
  const empty = candidate(2, { held: holding([]) })
  expect(chosen([empty, own], turns.slice(0, 76))).toBe(1)
  expect(chosen([empty, own], [...turns.slice(0, 79), { role: 'assistant', text: 'so' }])).toBe(1)
})

test('none is chosen where there is none, or where none can be aligned', () => {
  expect(chosen([], [])).toBeUndefined()
  const wanted = { ...wanting([]), system: 'T' }
  const fixed = { ...ABLE, systemPrompt: 'fixed' } as const
  expect(choose([candidate(1)], { tenant: 'mine', wanted }, fixed)).toBeUndefined()
})

test('a start is worth it for those who wait longer for a turn to end than two starts take, or have done so', () => {
  const times = { turnMs: 1000, startMs: 600 }
  const waiting = (busy: number, ...waits: readonly number[]) =>
    waits.map((waitedMs) => ({ tenant: 'mine', waitedMs, busy }))
  // Two turns end every second: the first two get theirs within 1 s, the third only after 1.5 s.
  expect(worthStarting(waiting(2, 0, 0, 0), times)).toBe(1)
  expect(worthStarting(waiting(2, 0, 0), times)).toBe(0)
  expect(worthStarting(waiting(2, 1200, 100), times)).toBe(1)
  // Nothing comes free for them.
  expect(worthStarting(waiting(0, 0, 0), times)).toBe(2)
  expect(worthStarting([], times)).toBe(0)
})

test('a moving average follows what is measured, newer figures more than older ones', () => {
  expect(movingAverage(100, 200)).toBe(120)
  let average = 2000
  for (let count = 0; count < 30; count++) average = movingAverage(average, 100)
  expect(Math.round(average)).toBe(102)
})

test('a conversation that is named goes on with its own process, though nothing is left of what that holds', () => {
  const long = talk('summarised', 100)
  const own = candidate(1, { held: replayed(holding(long)), conversation: 'mine' })
  const other = candidate(2, { held: replayed(holding(long)), conversation: 'yours' })
  const choice = (conversation: string | undefined, candidates = [other, own]): number | undefined =>
    choose(candidates, { tenant: 'mine', conversation, wanted: wanting(talk('anew', 1)) }, ABLE)?.candidate.id
  expect(choice('mine')).toBe(1)
  expect(choice('yours')).toBe(2)
  // It is no loss to whom it belongs, but one to the other.
  expect(choice('mine', [spare(3), other])).toBe(3)
  expect(choice('mine', [spare(3), own])).toBe(1)
  // Conversations without a name are not one.
  const unnamed = candidate(4, { held: replayed(holding(long)), conversation: undefined })
  expect(choice(undefined, [spare(3), unnamed])).toBe(3)
})

test('[WP3] a conversation of one name is another one where it is another tenant’s', () => {
  const theirs = candidate(1, { tenant: 'theirs', conversation: 'one' })
  expect(choose([theirs], { tenant: 'mine', conversation: 'one', wanted: wanting([]) }, ABLE)).toBeUndefined()
})

test('a name is a hint: a process that needs less change goes before the one that held the conversation', () => {
  const turns = talk('mine', 40)
  const named = candidate(1, { held: replayed(holding(talk('other', 40))), conversation: 'mine' })
  const holds = candidate(2, { held: holding(turns), conversation: 'yours' })
  expect(
    choose([named, holds], { tenant: 'mine', conversation: 'mine', wanted: wanting(turns) }, ABLE)?.candidate.id,
  ).toBe(2)
})
