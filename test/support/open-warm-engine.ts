import type { Abilities } from '../../src/claude/warm/abilities.ts'
import { createWarmEngine, type WarmEngineOptions } from '../../src/claude/warm/engine.ts'
import { freshHeld } from '../../src/claude/warm/start.ts'
import { ProcessLostError } from '../../src/claude/warm/dialogue.ts'
import type { Agent, TurnEvent, TurnRequest } from '../../src/core/index.ts'
import { READINGS } from '../../src/reading/readings.ts'
import { createFakePool, type Heard, type Play } from './fake-pool.ts'
import { ABLE } from './histories.ts'
import { createManualClock } from './manual-clock.ts'
import { createRecordingObserver } from './recording-observer.ts'
import { createScriptedEngine, says } from './scripted-engine.ts'

export const TALKER: Agent = { name: 'talker', description: '', prompt: 'Persona.', tools: [] }
export const DOER: Agent = { ...TALKER, name: 'doer', tools: ['Read'] }

const requestOf = (rest: Partial<TurnRequest> = {}): TurnRequest => ({
  tenant: 'a',
  agent: TALKER,
  model: 'sonnet',
  history: [{ role: 'user', text: 'hello' }],
  limits: { firstTokenMs: 1000, tokenGapMs: 500, turnMs: 10_000 },
  ...rest,
})

export const lost = new ProcessLostError('it has ended')

/** An engine over a pool that plays, and what a test does with it. */
export function openWarmEngine(
  plays: readonly (Play | Error)[],
  abilities: Partial<Abilities> = {},
  options: Partial<Pick<WarmEngineOptions, 'takes'>> = {},
) {
  const clock = createManualClock()
  const observer = createRecordingObserver()
  const fallback = createScriptedEngine(() => says('from a process of its own'))
  const { pool, leases } = createFakePool(plays)
  const able = { ...ABLE, ...abilities }
  const engine = createWarmEngine({
    pool,
    abilities: able,
    fresh: freshHeld({ model: 'sonnet', abilities: able }),
    persona: 'prepend',
    findAnswerFault: async (answer) => READINGS.answer.read(answer),
    fallback,
    clock,
    observer,
    ...options,
  })
  const leaving = new AbortController()
  const run = (request: Partial<TurnRequest> = {}): AsyncIterator<TurnEvent> =>
    engine.run(requestOf(request), { signal: leaving.signal })[Symbol.asyncIterator]()
  /** Hears a turn out: its events, and what it threw. */
  const hear = async (request: Partial<TurnRequest> = {}) => {
    const events: TurnEvent[] = []
    try {
      for await (const event of engine.run(requestOf(request), { signal: leaving.signal })) events.push(event)
    } catch (error) {
      return { events, error }
    }
    return { events, error: undefined }
  }
  return { clock, observer, fallback, leases, leaving, run, hear }
}

/** One process that says this. */
export const saying = (...messages: readonly Heard[]) => openWarmEngine([{ messages }])
