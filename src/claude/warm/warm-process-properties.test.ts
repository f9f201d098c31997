import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyAbilities, anyWantedOf, ABLE, comparable } from '../../../test/support/histories.ts'
import { answers, begins, calls, callsOnce, result, says, stops, type Printed } from '../../../test/support/kept-cli.ts'
import type { Told } from '../../../test/support/model-transcript.ts'
import { NEVER, openWarm, SETTLE_MS, type OpenWarm } from '../../../test/support/open-warm.ts'
import { flattenTurns, type Turn } from '../protocol/index.ts'
import type { Abilities } from './abilities.ts'
import { align, type Wanted } from './align.ts'
import { ProcessLostError } from './dialogue.ts'

/** How a turn ends: what is printed, what of it was delivered, and whether that is all. */
interface Ending {
  readonly printed: readonly Printed[]
  readonly said: string
  readonly whole: boolean
}
const anyEnding = fc.oneof(
  fc
    .constantFrom('yes', ' Здравей\n', 'go on 🙂')
    .map((said): Ending => ({ printed: answers(said), said, whole: true })),
  fc.constantFrom<Ending>(
    { printed: [begins(), says('go on 🙂')], said: 'go on', whole: false },
    { printed: answers('yes and no'), said: 'yes', whole: false },
    { printed: [begins()], said: '', whole: false },
    { printed: [], said: '', whole: false },
    { printed: [result({ is_error: true, result: 'no' })], said: '', whole: false },
    { printed: [begins(), says('ye'), result({ is_error: true })], said: '', whole: false },
    // The CLI asks the model to go on by itself.
    { printed: [begins(), says('one'), stops('max_tokens'), begins(), says('two')], said: 'one', whole: false },
    {
      printed: [begins(), stops('end_turn'), begins(), says('yes'), stops('end_turn'), result()],
      said: 'yes',
      whole: true,
    },
    { printed: callsOnce('weather', '{"city":"X"}'), said: '', whole: false },
    { printed: [begins(), says('let me see'), ...callsOnce('weather', '').slice(1)], said: '', whole: false },
    // Left in the middle of a call.
    { printed: [begins(), ...calls('weather', '{"ci')], said: '', whole: false },
  ),
)

/** What the model is to be sent. */
function expectTold(told: Told | undefined, wanted: Wanted, kept: number, { replay }: Abilities): void {
  if (told === undefined) throw new Error('nothing was asked')
  const { messages, ...rest } = told
  const { system, model, settings, functions } = wanted
  expect(rest).toEqual({ system, model, settings, functions })
  const flat = replay === 'none' && kept < wanted.turns.length
  const expected: readonly Turn[] = flat ? [flattenTurns(wanted)] : [...wanted.turns, wanted.ask]
  expect(comparable(messages)).toEqual(comparable(expected))
}

test('[WP1] [WP5] [WP7] [WP12] [FN3] [FN4] [FN7] whatever turns came before and however they ended, the model is sent exactly what is wanted', async () => {
  const some = fc.oneof(
    fc.constant(ABLE),
    fc.constant<Abilities>({ ...ABLE, replay: 'steps', rewind: 'steps' }),
    anyAbilities,
  )
  let served = 0
  await fc.assert(
    fc.asyncProperty(
      some,
      fc.array(anyEnding, { minLength: 3, maxLength: 12 }),
      fc.gen(),
      async (able, endings, gen) => {
        const abilities: Abilities = { ...able, liveSettings: true }
        const start = async (): Promise<OpenWarm> => await openWarm({ abilities, answer: () => printed })
        let printed: readonly Printed[] = []
        let opened = await start()
        for (const ending of endings) {
          const { held } = opened.warm
          const wanted = gen(() => anyWantedOf(held))
          if (align(held, wanted, abilities) === undefined) continue
          ;({ printed } = ending)
          const { asked } = opened.cli
          const [before, kept] = [asked.length, align(held, wanted, abilities)?.kept ?? 0]
          await opened.request(wanted)
          // As many messages are taken as belong to what was delivered.
          for (const one of ending.whole ? printed : printed.slice(0, 1)) if (one !== '') await opened.warm.next(NEVER)
          let lost: unknown
          try {
            await opened.warm.settle({ said: ending.said, whole: ending.whole, ms: SETTLE_MS })
            expect(comparable(opened.cli.messages)).toEqual(comparable(opened.warm.held.rows))
            // Whatever it comes to hold, it can be cut off from the beginning on.
            const [first] = opened.warm.held.rows
            expect(first?.uuid === undefined).toBe(first === undefined)
          } catch (error) {
            // Only a process that cannot be interrupted or rewound is given up.
            if (!(error instanceof ProcessLostError)) throw error
            lost = error
            expect(abilities.rewind === 'none' || !abilities.interrupt).toBe(true)
            opened = await start()
          }
          // One that is given up at once may not have come to ask.
          if (lost === undefined || asked.length > before) expectTold(asked[before], wanted, kept, abilities)
          served++
        }
      },
    ),
    { seed: 31, numRuns: 150, interruptAfterTimeLimit: 10_000 },
  )
  expect(served).toBeGreaterThan(500)
})
