import { expect, test } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createScriptedEngine, end, forever, says, text, type Step } from '../../test/support/scripted-engine.ts'
import { GatewayError, type TurnEvent, type TurnRequest } from '../core/index.ts'
import { admitted, createAdmission, type Admission } from './admission.ts'

const { signal } = new AbortController()
const request: TurnRequest = {
  tenant: 't',
  agent: { name: 'a', description: 'd', prompt: 'p', tools: [] },
  model: 'haiku',
  history: [],
  limits: { turnMs: 1000 },
}

const open = (capacity: number, maxWaiting: number) => {
  const clock = createManualClock()
  return { clock, admission: createAdmission({ capacity, maxWaiting, clock }) }
}

const figures = ({ active, queued, capacity, isFull }: Admission) => ({ active, queued, capacity, isFull })

const refusalOf = async (entering: Promise<unknown>): Promise<unknown> => {
  const error: unknown = await entering.then(
    () => 'entered',
    (thrown: unknown) => thrown,
  )
  return error instanceof GatewayError
    ? { code: error.code, message: error.message, retryAfterSeconds: error.retryAfterSeconds }
    : error
}

const refused = (code: string, retryAfterSeconds: number) => ({
  code,
  message: 'The server is busy and its queue is full. Try again later.',
  retryAfterSeconds,
})

test('[AD1] so many have a place and the rest wait in the order they came', async () => {
  const { admission } = open(2, 10)
  const order: string[] = []
  const enter = async (name: string) => {
    const place = await admission.enter({ signal })
    order.push(name)
    return place
  }
  const a = await enter('a')
  const b = await enter('b')
  const [c, d, e] = [enter('c'), enter('d'), enter('e')]
  expect(figures(admission)).toEqual({ active: 2, queued: 3, capacity: 2, isFull: false })
  b[Symbol.dispose]()
  const placeOfC = await c
  expect(order).toEqual(['a', 'b', 'c'])
  placeOfC[Symbol.dispose]()
  a[Symbol.dispose]()
  const places = [await d, await e]
  expect(order).toEqual(['a', 'b', 'c', 'd', 'e'])
  for (const place of places) place[Symbol.dispose]()
  expect(figures(admission)).toEqual({ active: 0, queued: 0, capacity: 2, isFull: false })
})

test('[AD1] a place that is given back twice is one place', async () => {
  const { admission } = open(1, 1)
  const place = await admission.enter({ signal })
  place[Symbol.dispose]()
  place[Symbol.dispose]()
  expect(admission.active).toBe(0)
  await admission.enter({ signal })
  expect(admission.active).toBe(1)
})

test('[AD2] one more than may wait is refused at once, under the code that is asked for', async () => {
  const { admission } = open(1, 1)
  await admission.enter({ signal })
  void admission.enter({ signal })
  expect(figures(admission)).toEqual({ active: 1, queued: 1, capacity: 1, isFull: true })
  expect(await refusalOf(admission.enter({ signal }))).toEqual(refused('queue_full', 2))
  expect(await refusalOf(admission.enter({ signal, full: 'job_queue_full' }))).toEqual(refused('job_queue_full', 2))
  expect(admission.refusal('job_queue_full')).toMatchObject(refused('job_queue_full', 2))
  expect(figures(admission)).toEqual({ active: 1, queued: 1, capacity: 1, isFull: true })
})

test('[AD2] with no queue at all the first that finds no place is refused', async () => {
  const { admission } = open(1, 0)
  expect(admission.isFull).toBe(false)
  const place = await admission.enter({ signal })
  expect(admission.isFull).toBe(true)
  expect(await refusalOf(admission.enter({ signal }))).toEqual(refused('queue_full', 1))
  place[Symbol.dispose]()
  expect(admission.isFull).toBe(false)
  await admission.enter({ signal })
})

test('[AD2] the time to wait follows how long places are held and how many wait', async () => {
  const { admission, clock } = open(1, 5)
  const place = await admission.enter({ signal })
  await clock.advance(11_000)
  place[Symbol.dispose]()
  // 1 s at first, a fifth of the way to 11 s: 3 s.
  expect(admission.refusal('queue_full').retryAfterSeconds).toBe(3)
  await admission.enter({ signal })
  void admission.enter({ signal })
  void admission.enter({ signal })
  expect(admission.refusal('queue_full').retryAfterSeconds).toBe(9)
})

test('[AD2] the time to wait is at least a second, at most a minute, and shared by the places', async () => {
  const many = open(10, 0)
  expect(many.admission.refusal('queue_full').retryAfterSeconds).toBe(1)
  const two = open(2, 0)
  const place = await two.admission.enter({ signal })
  await two.clock.advance(36_000)
  place[Symbol.dispose]()
  // 8 s a place, two places.
  expect(two.admission.refusal('queue_full').retryAfterSeconds).toBe(4)
  const slow = open(1, 0)
  const long = await slow.admission.enter({ signal })
  await slow.clock.advance(86_400_000)
  long[Symbol.dispose]()
  expect(slow.admission.refusal('queue_full').retryAfterSeconds).toBe(60)
})

test('[AD2] a place that is given back twice counts once towards the time to wait', async () => {
  const { admission, clock } = open(1, 0)
  const place = await admission.enter({ signal })
  await clock.advance(11_000)
  place[Symbol.dispose]()
  await clock.advance(1_000_000)
  place[Symbol.dispose]()
  expect(admission.refusal('queue_full').retryAfterSeconds).toBe(3)
})

test('[AD3] who leaves while waiting gives up the turn, and the next one has it', async () => {
  const { admission } = open(1, 2)
  const place = await admission.enter({ signal })
  const leaving = new AbortController()
  const leaver = admission.enter({ signal: leaving.signal })
  const next = admission.enter({ signal })
  const reason = new Error('gone')
  leaving.abort(reason)
  expect(await refusalOf(leaver)).toBe(reason)
  expect(admission.queued).toBe(1)
  place[Symbol.dispose]()
  await next
  expect(figures(admission)).toEqual({ active: 1, queued: 0, capacity: 1, isFull: false })
})

test('[AD3] who has left already takes no place', async () => {
  const { admission } = open(1, 1)
  const reason = new Error('gone')
  expect(await refusalOf(admission.enter({ signal: AbortSignal.abort(reason) }))).toBe(reason)
  expect(admission.active).toBe(0)
})

const admittedTo = (admission: Admission, script: (index: number) => readonly Step[]) => {
  const inner = createScriptedEngine((_, index) => script(index))
  return { inner, engine: admitted(inner, admission) }
}

const all = async (events: AsyncIterable<TurnEvent>): Promise<readonly TurnEvent[]> => {
  const seen: TurnEvent[] = []
  for await (const event of events) seen.push(event)
  return seen
}

test('[AD1] an admitted engine gives the same events and gives its place back', async () => {
  const { admission } = open(1, 0)
  const { engine, inner } = admittedTo(admission, () => says('Здравей'))
  const events: TurnEvent[] = []
  for await (const event of engine.run(request, { signal })) {
    expect(admission.active).toBe(1)
    events.push(event)
  }
  expect(events).toEqual([text('Здравей'), end('Здравей')])
  expect(admission.active).toBe(0)
  expect(inner.runs.map((run) => [run.request, run.signal])).toEqual([[request, signal]])
})

test('[AD1] a turn that waits is not started until it has a place', async () => {
  const { admission } = open(1, 1)
  const gate = Promise.withResolvers<void>()
  const { engine, inner } = admittedTo(admission, (index) => (index === 0 ? [gate.promise, end('a')] : [end('b')]))
  const first = all(engine.run(request, { signal }))
  const second = all(engine.run(request, { signal }))
  await inner.started(0)
  expect([admission.active, admission.queued, inner.runs.length]).toEqual([1, 1, 1])
  gate.resolve()
  expect(await first).toEqual([end('a')])
  expect(await second).toEqual([end('b')])
  expect(inner.runs).toHaveLength(2)
})

test('[AD1] a place comes back from a run that fails, is left early or is aborted', async () => {
  const { admission } = open(1, 0)
  const failure = new GatewayError('overloaded', 'Busy.')
  const leaving = new AbortController()
  const { engine, inner } = admittedTo(
    admission,
    (index) => [[failure], [text('a'), text('b'), end('ab')], [text('a'), forever()]][index] ?? [],
  )
  expect(await refusalOf(all(engine.run(request, { signal })))).toMatchObject({ code: 'overloaded' })
  expect(admission.active).toBe(0)
  for await (const event of engine.run(request, { signal })) {
    expect(event).toEqual(text('a'))
    break
  }
  expect(admission.active).toBe(0)
  const aborted = all(engine.run(request, { signal: leaving.signal }))
  await inner.started(2)
  leaving.abort(new Error('gone'))
  await expect(aborted).rejects.toThrow('gone')
  expect(admission.active).toBe(0)
})

test('[AD2] an admitted engine that is full throws before it runs anything', async () => {
  const { admission } = open(1, 0)
  const { engine, inner } = admittedTo(admission, () => [])
  await admission.enter({ signal })
  expect(await refusalOf(all(engine.run(request, { signal })))).toEqual(refused('queue_full', 1))
  expect(inner.runs).toEqual([])
})

test('[AD3] a run that is never begun takes no place', () => {
  const { admission } = open(1, 0)
  const { engine } = admittedTo(admission, () => [])
  engine.run(request, { signal })
  expect(admission.active).toBe(0)
})
