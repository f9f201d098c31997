import { expect, test } from 'vitest'
import { createScriptedEngine, end, forever, text, type Step } from '../../../test/support/scripted-engine.ts'
import { GatewayError, type TurnEvent } from '../../core/index.ts'
import { failByEvent } from './fail-by-event.ts'

const request = {
  tenant: 't',
  agent: { name: 'a', description: 'd', prompt: 'p', tools: [] },
  model: 'haiku',
  history: [],
  limits: { turnMs: 1000 },
}
const failure = new GatewayError('overloaded', 'Busy.')

const open = (...steps: readonly Step[]) => {
  const leaving = new AbortController()
  const engine = createScriptedEngine(() => steps)
  const { signal } = leaving
  return { engine, leaving, events: failByEvent(engine.run(request, { signal }), signal) }
}

/** What came, and what was thrown after it. */
async function outcome(events: AsyncIterable<TurnEvent>): Promise<{ seen: TurnEvent[]; thrown?: unknown }> {
  const seen: TurnEvent[] = []
  try {
    for await (const event of events) seen.push(event)
    return { seen }
  } catch (thrown) {
    return { seen, thrown }
  }
}

test('[ER7] what does not fail is given on as it is', async () => {
  const events = [text('a'), text('b'), end('ab')]
  expect(await outcome(open(...events).events)).toEqual({ seen: events })
  expect(await outcome(open().events)).toEqual({ seen: [] })
})

test('[ER7] a failure before the first event is thrown as it is, so that a status can still be chosen', async () => {
  const { seen, thrown } = await outcome(open(failure).events)
  expect(seen).toEqual([])
  expect(thrown).toBe(failure)
})

test('[ER3] a failure after the first event is the last one', async () => {
  const { seen, thrown } = await outcome(open(text('a'), failure).events)
  expect([seen, thrown]).toEqual([[text('a'), { type: 'turn-failed', error: failure }], undefined])
  expect(seen.at(-1)).toHaveProperty('error', failure)
})

test('[ER2] a defect after the first event is the last one, in words that are safe', async () => {
  const defect = new TypeError('SECRET /path')
  const { seen, thrown } = await outcome(open(text('a'), defect).events)
  expect([seen.length, thrown]).toEqual([2, undefined])
  expect(seen.at(-1)).toMatchObject({ type: 'turn-failed', error: { code: 'internal_error', cause: defect } })
  expect(JSON.stringify(seen.at(-1))).not.toContain('SECRET')
})

test('[CA3] an abort is thrown as its reason, before the first event and after it', async () => {
  for (const first of [[], [text('a')]]) {
    const { events, leaving, engine } = open(...first, forever())
    const ended = outcome(events)
    await engine.started(0)
    const reason = new Error('gone')
    leaving.abort(reason)
    const { seen, thrown } = await ended
    expect(seen).toEqual(first)
    expect(thrown).toBe(reason)
  }
})

test('[CA3] what fails once the caller has left is told by identity: only the reason itself is an abort', async () => {
  const leaving = new AbortController()
  async function* failing(thrown: Error): AsyncGenerator<TurnEvent, void> {
    yield text('a')
    leaving.abort(new Error('gone'))
    throw thrown
  }
  const last = (await outcome(failByEvent(failing(failure), leaving.signal))).seen.at(-1)
  expect(last).toEqual({ type: 'turn-failed', error: failure })
  const wrapped = new Error('aborted', { cause: leaving.signal.reason })
  expect((await outcome(failByEvent(failing(wrapped), leaving.signal))).thrown).toBe(wrapped)
})

test('[CA1] who leaves early ends the turn', async () => {
  const { events, engine } = open(text('a'), forever())
  for await (const event of events) {
    expect(event).toEqual(text('a'))
    break
  }
  await (
    await engine.started(0)
  ).ended
})

test('[CA1] events that nobody asks for are never begun', async () => {
  const { events, engine } = open(text('a'))
  await events.return()
  expect(engine.runs).toEqual([])
})
