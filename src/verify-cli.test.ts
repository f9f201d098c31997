import { expect, test } from 'vitest'
import { createManualClock } from '../test/support/manual-clock.ts'
import { createRecordingObserver } from '../test/support/recording-observer.ts'
import type { CheckOutcome } from './check-cli.ts'
import { isComplete, type Findings } from './claude/index.ts'
import type { CliVerification } from './core/index.ts'
import { learnMore } from './learn-more.ts'
import { verifyCli, type VerifyOptions } from './verify-cli.ts'

const cli = { path: '/usr/bin/claude', version: '2.1.330' }
const verified: CheckOutcome = { outcome: 'verified', cli, findings: { pooled: false, abilities: {} } }
const late: CheckOutcome = { outcome: 'unchecked', kind: 'late', message: 'It could not be checked: it was late.' }
const failed: CheckOutcome = { outcome: 'unchecked', kind: 'failed', message: 'It could not be checked: it ended.' }
const environment: CheckOutcome = { outcome: 'unchecked', kind: 'environment', message: 'The disk is full.' }
const unsafe: CheckOutcome = { outcome: 'unsafe', message: 'It acts on text.' }

/** A verification whose attempts come out as the test says; the last outcome is repeated. */
function open(outcomes: readonly CheckOutcome[], options: Partial<VerifyOptions> = {}) {
  const clock = createManualClock()
  const observer = createRecordingObserver()
  const closing = new AbortController()
  const states: CliVerification[] = []
  let attempts = 0
  const check = {
    step: 'it is tried',
    async attempt(signal: AbortSignal): Promise<CheckOutcome> {
      signal.throwIfAborted()
      return outcomes[Math.min(attempts++, outcomes.length - 1)] ?? verified
    },
  }
  const decision = verifyCli(
    check,
    {
      path: cli.path,
      reason: 'start',
      changed: (state) => states.push(state),
      isThere: () => true,
      clock,
      observer,
      ...options,
    },
    closing.signal,
  )
  return { clock, observer, closing, states, decision, attempts: () => attempts }
}

test('[SU6] [SU8] an attempt that shows nothing is repeated after growing pauses, and reported', async () => {
  const { clock, observer, states, decision } = open([late, failed, environment, verified], { reason: 'replaced' })
  for (const ms of [1000, 2000, 4000]) {
    await clock.untilArmed(ms)
    await clock.advance(ms)
  }
  expect(await decision).toMatchObject({ outcome: 'verified', cli })
  expect(observer.of('cli-verification-started')).toEqual([
    { type: 'cli-verification-started', reason: 'replaced', path: cli.path },
  ])
  expect(observer.of('cli-verification-retried').map(({ attempt, ms, problem }) => [attempt, ms, problem])).toEqual([
    [2, 0, 'It could not be checked: it was late.'],
    [3, 1000, 'It could not be checked: it ended.'],
    [4, 3000, 'The disk is full.'],
  ])
  expect(observer.of('cli-verification-finished')).toMatchObject([{ outcome: 'verified', attempts: 4, ms: 7000 }])
  expect(states.map(({ attempt, problem }) => [attempt, problem])).toEqual([
    [1, undefined],
    [2, 'It could not be checked: it was late.'],
    [3, 'It could not be checked: it ended.'],
    [4, 'The disk is full.'],
  ])
  expect(clock.armed).toBe(0)
})

test.each([
  ['a CLI that acts on text', unsafe],
  ['a directory that cannot be written', environment],
  ['a file that cannot be run', { ...failed, kind: 'program' } as const],
  ['a program that is not the CLI', { outcome: 'unusable', message: 'It is not the CLI.' } as const],
])('[SU8] %s ends a start at once, with its own message', async (_, outcome) => {
  const { decision, observer } = open([outcome])
  expect(await decision).toEqual({ outcome: 'refused', message: outcome.message })
  expect(observer.of('cli-verification-finished')).toMatchObject([{ outcome: 'refused', problem: outcome.message }])
})

test('[SU8] timeouts never end a start; five failures in a row do', async () => {
  const { clock, decision, attempts } = open([late, late, late, late, late, late, failed])
  for (const ms of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000]) {
    await clock.untilArmed(ms)
    await clock.advance(ms)
  }
  expect(await decision).toEqual({ outcome: 'refused', message: 'It could not be checked: it ended.' })
  expect(attempts()).toBe(11)
})

test('[SU11] a binary that was replaced while it was checked is not served, whatever was shown', async () => {
  for (const outcome of [verified, unsafe])
    expect(await open([outcome], { isThere: () => false }).decision).toEqual({ outcome: 'replaced' })
})

test('[SU6] while it goes on, what is checked and for how long is reported every five seconds', async () => {
  const gate = Promise.withResolvers<CheckOutcome>()
  const clock = createManualClock()
  const observer = createRecordingObserver()
  const check = { step: 'it is tried', attempt: () => gate.promise }
  const options = {
    path: cli.path,
    reason: 'start',
    changed: () => undefined,
    isThere: () => true,
    clock,
    observer,
  } as const
  const decision = verifyCli(check, options, new AbortController().signal)
  await clock.advance(11_000)
  expect(observer.of('cli-verification-continues')).toEqual([
    { type: 'cli-verification-continues', attempt: 1, ms: 5000, step: 'it is tried' },
    { type: 'cli-verification-continues', attempt: 1, ms: 10_000, step: 'it is tried' },
  ])
  gate.resolve(verified)
  await decision
  expect(clock.armed).toBe(0)
})

test('[SU10] a server that stops ends the pause between two attempts', async () => {
  const { clock, closing, decision } = open([late])
  await clock.untilArmed(1000)
  closing.abort(new Error('stopping'))
  await expect(decision).rejects.toThrow('stopping')
  expect(clock.armed).toBe(0)
})

test('[SU7] what is unknown is tried again behind the turns, with growing pauses, until everything is known', async () => {
  const unknown: Findings = { pooled: true, abilities: {} }
  const outcomes: CheckOutcome[] = [late, { ...verified, findings: unknown }, verified]
  const check = { step: '', attempt: async () => outcomes.shift() ?? unsafe }
  const clock = createManualClock()
  const found: Findings[] = []
  const learning = learnMore(
    check,
    {
      findings: unknown,
      isServed: () => true,
      found: async ({ findings }) => void found.push(findings),
      clock,
      observer: createRecordingObserver(),
    },
    new AbortController().signal,
  )
  for (const ms of [5000, 10_000, 20_000]) {
    await clock.untilArmed(ms)
    await clock.advance(ms)
  }
  await learning
  expect(found.map(isComplete)).toEqual([true])
})

test('[SU7] what is found later and acts on text stays out of use, and is reported', async () => {
  const clock = createManualClock()
  const observer = createRecordingObserver()
  const check = { step: '', attempt: async () => unsafe }
  const options = { findings: { abilities: {} }, isServed: () => true, found: async () => undefined, clock, observer }
  const learning = learnMore(check, options, new AbortController().signal)
  await clock.advance(5000)
  await learning
  expect(observer.of('cli-capabilities-refused')).toMatchObject([{ problem: 'It acts on text.' }])
})
