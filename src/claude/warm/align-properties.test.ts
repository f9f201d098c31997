import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ABLE, anyAbilities, anyHeld, anyWantedOf, comparable } from '../../../test/support/histories.ts'
import { createModelTranscript } from '../../../test/support/model-transcript.ts'
import { flattenTurns, hasCalls, hasResults, type Turn } from '../protocol/index.ts'
import type { Abilities } from './abilities.ts'
import { align, type Alignment, type Held, type Wanted } from './align.ts'
import { freshHeld } from './start.ts'

const anyCase = fc
  .tuple(anyHeld, anyAbilities)
  .chain(([held, abilities]) => fc.tuple(fc.constant(held), anyWantedOf(held), fc.constant(abilities)))

/** All that a question is asked with besides the history. */
const settledBy = ({ system, model, settings, functions }: Wanted): object => ({ system, model, settings, functions })

/** What the model is to be sent: the history, or where it cannot be told all of it in the question. */
const messagesOf = (wanted: Wanted, { kept }: Pick<Alignment, 'kept'>, { replay }: Abilities): readonly Turn[] =>
  replay === 'none' && kept < wanted.turns.length ? [flattenTurns(wanted)] : [...wanted.turns, wanted.ask]

/** Calls are named for what offers the functions, so those of other functions are told anew. */
const isRenamed = (held: Held, wanted: Wanted): boolean => !isDeepStrictEqual(held.functions, wanted.functions)

/** The longest beginning that can stay: what is held agrees with what is wanted, and what follows can be cut off. */
function longestKept(held: Held, wanted: Wanted, { replay, systemPrompt }: Abilities): number {
  const { rows, system, model } = held
  const cuts = Array.from({ length: rows.length + 1 }, (_, cut) => cut).filter(
    (cut) =>
      cut <= wanted.turns.length &&
      !(isRenamed(held, wanted) && rows.slice(0, cut).some(hasCalls)) &&
      (cut === rows.length || rows[cut]?.uuid !== undefined) &&
      String(comparable(rows.slice(0, cut))) === String(comparable(wanted.turns.slice(0, cut))),
  )
  const longest = Math.max(0, ...cuts)
  const startsAnew =
    model !== wanted.model || (systemPrompt === 'when-empty' && system !== undefined && system !== wanted.system)
  if (startsAnew) return 0
  return replay === 'none' && longest < wanted.turns.length ? 0 : longest
}

/** Why a process cannot be made to hold what is wanted. */
function reasonsAgainst(held: Held, wanted: Wanted, abilities: Abilities): readonly string[] {
  const isOpen = held.system !== undefined
  const isChosen = typeof wanted.settings.choice?.of === 'object'
  const isSet = isDeepStrictEqual(held.settings, wanted.settings) && !(isChosen && isRenamed(held, wanted))
  const reasons = {
    'its system prompt is fixed': isOpen && held.system !== wanted.system && abilities.systemPrompt === 'fixed',
    'its settings are fixed': !isSet && !abilities.liveSettings,
    'it is offered no functions': !abilities.functions && (isRenamed(held, wanted) || wanted.functions.length > 0),
    'its model is fixed': held.model !== wanted.model && !(isOpen && abilities.switchModel),
    'it cannot be rewound': abilities.rewind === 'none' && longestKept(held, wanted, abilities) < held.rows.length,
  }
  return Object.entries(reasons).flatMap(([reason, holds]) => (holds ? [reason] : []))
}

test('[WP1] [WP2] [WP7] [WP9] [FN4] [FN7] the steps make of anything held exactly what is wanted, or an ability that is missing says why not', () => {
  const refused = new Set<string>()
  fc.assert(
    fc.property(anyCase, ([held, wanted, abilities]) => {
      const alignment = align(held, wanted, abilities)
      const reasons = reasonsAgainst(held, wanted, abilities)
      if (alignment === undefined) {
        expect(reasons).not.toEqual([])
        for (const reason of reasons) refused.add(reason)
        return
      }
      expect(reasons).toEqual([])
      const { messages, ...told } = createModelTranscript(held, abilities).perform(alignment.steps)
      expect(told).toEqual(settledBy(wanted))
      expect(comparable(messages)).toEqual(comparable(messagesOf(wanted, alignment, abilities)))
    }),
    { seed: 1, numRuns: 5000, interruptAfterTimeLimit: 10_000 },
  )
  expect([...refused].toSorted()).toEqual([
    'it cannot be rewound',
    'it is offered no functions',
    'its model is fixed',
    'its settings are fixed',
    'its system prompt is fixed',
  ])
})

test('[WP1] what is kept is the longest beginning that can stay, and the kind tells what became of it', () => {
  const kinds = new Set<string>()
  fc.assert(
    fc.property(anyCase, ([held, wanted, abilities]) => {
      const alignment = align(held, wanted, abilities)
      if (alignment === undefined) return
      const { kept, kind, cost, steps } = alignment
      kinds.add(kind)
      expect(kept).toBe(longestKept(held, wanted, abilities))
      const types = new Set(steps.map(({ type }) => type))
      const expected =
        wanted.turns.length === 0
          ? 'fresh'
          : kept === 0
            ? 'replayed'
            : types.has('rewind')
              ? 'rewound'
              : types.has('replay')
                ? 'replayed'
                : 'kept'
      expect(kind).toBe(expected)
      expect(cost === 0).toBe(types.size === 1)
      expect(cost).toBeGreaterThanOrEqual(0)
    }),
    { seed: 2, numRuns: 3000, interruptAfterTimeLimit: 10_000 },
  )
  expect([...kinds].toSorted()).toEqual(['fresh', 'kept', 'replayed', 'rewound'])
})

const anyTurnsEnd = fc.record({
  outcome: fc.constantFrom('whole', 'whole', 'cut', 'failed'),
  said: fc.constantFrom('yes', ' Здравей\n', 'go on 🙂'),
  heard: fc.nat(6),
})
const mostlyAble = fc.oneof(
  fc.constant(ABLE),
  fc.constant<Abilities>({ ...ABLE, replay: 'steps', rewind: 'steps' }),
  anyAbilities,
)

test('[WP1] [WP5] [WP7] processes asked many things one after the other are always asked exactly what is wanted', () => {
  let served = 0
  fc.assert(
    fc.property(
      mostlyAble,
      fc.array(anyTurnsEnd, { minLength: 5, maxLength: 25 }),
      fc.gen(),
      (abilities, ends, gen) => {
        const start = () => createModelTranscript(freshHeld({ model: 'sonnet', abilities }), abilities)
        let process = start()
        for (const { outcome, said, heard } of ends) {
          const { held } = process
          const wanted = gen(() => anyWantedOf(held))
          let alignment = align(held, wanted, abilities)
          if (alignment === undefined) {
            process = start()
            alignment = align(process.held, wanted, abilities)
          }
          if (alignment === undefined) continue
          const { messages, ...told } = process.perform(alignment.steps)
          served++
          expect(told).toEqual(settledBy(wanted))
          expect(comparable(messages)).toEqual(comparable(messagesOf(wanted, alignment, abilities)))
          const answer = outcome === 'cut' ? said.slice(0, heard) : said
          if (outcome === 'whole') process.settle(said)
          else if (abilities.rewind === 'none') process = start()
          else
            process.settle(
              outcome === 'failed' || answer.trim() === '' || abilities.replay === 'none' || hasResults(wanted.ask)
                ? undefined
                : answer,
            )
        }
      },
    ),
    { seed: 3, numRuns: 400, interruptAfterTimeLimit: 10_000 },
  )
  expect(served).toBeGreaterThan(4000)
})
