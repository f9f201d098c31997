import { expect, test } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createScriptedEngine, end, forever, says, text, type Step } from '../../test/support/scripted-engine.ts'
import { GatewayError, type TurnEvent, type TurnRequest } from '../core/index.ts'
import { admitted, createAdmission, slotRequestOf, type Admission, type SlotRequest } from './admission.ts'
import type { SlotLimits } from './scheduler.ts'

const { signal } = new AbortController()
const request: TurnRequest = {
  tenant: 't',
  agent: { name: 'a', description: 'd', prompt: 'p', tools: [] },
  model: 'haiku',
  history: [],
  limits: { turnMs: 1000 },
}

const open = (capacity: number, maxWaiting: number, limits: Partial<SlotLimits> = {}) => {
  const clock = createManualClock()
  return {
    clock,
    admission: createAdmission({ capacity, background: capacity, maxWaiting, keepsOne: false, ...limits, clock }),
  }
}

const enter = (admission: Admission, options: Partial<SlotRequest> & { readonly signal?: AbortSignal } = {}) =>
  admission.enter({ tenant: 't', kind: 'chat', signal, ...options })

const figures = ({ active, queued, capacity, background }: Admission) => ({ active, queued, capacity, background })

const told = (error: unknown): unknown =>
  error instanceof GatewayError
    ? { code: error.code, message: error.message, retryAfterSeconds: error.retryAfterSeconds }
    : error

const refusalOf = async (entering: Promise<unknown>): Promise<unknown> => await entering.then(() => 'entered', told)

const refused = (code: string, retryAfterSeconds: number) => ({
  code,
  message: 'The server is busy and its queue is full. Try again later.',
  retryAfterSeconds,
})

const overloaded = (retryAfterSeconds: number) => ({
  code: 'overloaded',
  message: 'The server is overloaded: a response would not begin in time. Try again later.',
  retryAfterSeconds,
})

test('[AD1] so many turns have a slot and the others of one tenant wait in the order in which they came', async () => {
  const { admission } = open(2, 10)
  const order: string[] = []
  const named = async (name: string) => {
    const slot = await enter(admission)
    order.push(name)
    return slot
  }
  const a = await named('a')
  const b = await named('b')
  const [c, d, e] = [named('c'), named('d'), named('e')]
  expect(figures(admission)).toEqual({ active: 2, queued: 3, capacity: 2, background: { active: 0, capacity: 2 } })
  b[Symbol.dispose]()
  const slotOfC = await c
  expect(order).toEqual(['a', 'b', 'c'])
  slotOfC[Symbol.dispose]()
  a[Symbol.dispose]()
  const slots = [await d, await e]
  expect(order).toEqual(['a', 'b', 'c', 'd', 'e'])
  for (const slot of slots) slot[Symbol.dispose]()
  expect(figures(admission)).toEqual({ active: 0, queued: 0, capacity: 2, background: { active: 0, capacity: 2 } })
})

test('[AD1] a slot that is released twice is one slot', async () => {
  const { admission } = open(1, 1)
  const slot = await enter(admission)
  slot[Symbol.dispose]()
  slot[Symbol.dispose]()
  expect(admission.active).toBe(0)
  await enter(admission)
  expect(admission.active).toBe(1)
})

test('[AD5] three jobs on two slots leave one to a voice turn, which starts at once', async () => {
  const { admission } = open(2, 10, { background: 1 })
  const first = await admission.jobs.enter({ signal })
  const second = admission.jobs.enter({ signal })
  const voice = await enter(admission, { tenant: 'voice' })
  expect(figures(admission)).toEqual({ active: 2, queued: 0, capacity: 2, background: { active: 1, capacity: 1 } })
  voice[Symbol.dispose]()
  expect(admission.active).toBe(1)
  first[Symbol.dispose]()
  await second
  expect(admission.background.active).toBe(1)
})

test('[AD4] a quiet tenant’s turn is next, whatever another tenant has waiting', async () => {
  const { admission } = open(1, 20)
  const order: string[] = []
  const run = async (tenant: string): Promise<void> => {
    using _slot = await enter(admission, { tenant })
    order.push(tenant)
  }
  const first = await enter(admission, { tenant: 'loud' })
  const runs = [...Array.from({ length: 12 }, () => run('loud')), run('quiet')]
  first[Symbol.dispose]()
  await Promise.all(runs)
  expect(order.slice(0, 2)).toEqual(['quiet', 'loud'])
  expect(order).toHaveLength(13)
})

test('[AD2] one more than may wait is refused at once', async () => {
  const { admission } = open(1, 1)
  await enter(admission)
  expect(admission.refusalOf({ tenant: 't', kind: 'chat' })).toBeUndefined()
  void enter(admission)
  expect(await refusalOf(enter(admission))).toEqual(refused('queue_full', 1))
  expect(told(admission.refusalOf({ tenant: 't', kind: 'chat' }))).toEqual(refused('queue_full', 1))
  expect(told(admission.jobs.refusal())).toEqual(refused('job_queue_full', 1))
  expect(figures(admission)).toMatchObject({ active: 1, queued: 1 })
})

test('[AD8] a full queue takes a request of a tenant that has less than its share of it', async () => {
  const { admission } = open(1, 4)
  await enter(admission, { tenant: 'loud' })
  for (let index = 0; index < 4; index++) void enter(admission, { tenant: 'loud' })
  expect(await refusalOf(enter(admission, { tenant: 'loud' }))).toEqual(refused('queue_full', 1))
  void enter(admission, { tenant: 'quiet' })
  void enter(admission, { tenant: 'quiet' })
  expect(await refusalOf(enter(admission, { tenant: 'quiet' }))).toEqual(refused('queue_full', 1))
  expect(admission.queued).toBe(6)
})

test('[AD2] with no queue at all the first turn that finds no slot is refused', async () => {
  const { admission } = open(1, 0)
  const slot = await enter(admission)
  expect(await refusalOf(enter(admission))).toEqual(refused('queue_full', 1))
  slot[Symbol.dispose]()
  await enter(admission)
})

/** Lets one turn hold a slot for so long. */
const hold = async ({ admission, clock }: ReturnType<typeof open>, ms: number): Promise<void> => {
  const slot = await enter(admission)
  await clock.advance(ms)
  slot[Symbol.dispose]()
  // Released twice, it counts once.
  await clock.advance(1_000_000)
  slot[Symbol.dispose]()
}

test('[AD2] `retry-after` follows how long slots are held and how many wait: at least a second, at most a minute', async () => {
  const opened = open(2, 2)
  const { admission } = opened
  const retryAfter = () => admission.jobs.refusal().retryAfterSeconds
  expect(retryAfter()).toBe(1)
  await hold(opened, 10_000)
  const full = async () => (await enter(admission).catch((error: GatewayError) => error)) as GatewayError
  for (let index = 0; index < 4; index++) void enter(admission)
  // Two wait before it, and each of two slots is held for 10 s.
  expect((await full()).retryAfterSeconds).toBe(15)
  const slow = open(1, 0)
  await hold(slow, 86_400_000)
  await enter(slow.admission)
  expect(await refusalOf(enter(slow.admission))).toEqual(refused('queue_full', 60))
})

test('[AD9] a turn that is expected to wait longer than its caller would is refused at once, and keeps nothing', async () => {
  const opened = open(1, 100)
  const { admission, clock } = opened
  await hold(opened, 20_000)
  await enter(admission)
  const patient: SlotRequest = { tenant: 't', kind: 'chat', patienceMs: 60_000 }
  for (let index = 0; index < 2; index++) void admission.enter({ ...patient, signal })
  const third = admission.enter({ ...patient, signal })
  // The fourth would wait for 80 s.
  expect(told(admission.refusalOf(patient))).toEqual(overloaded(20))
  expect(await refusalOf(admission.enter({ ...patient, signal }))).toEqual(overloaded(20))
  expect([admission.queued, clock.armed]).toEqual([3, 3])
  // Another tenant's would be the next but one.
  expect(admission.refusalOf({ ...patient, tenant: 'other' })).toBeUndefined()
  void third
})

test('[AD14] slow turns of one tenant do not make another tenant’s turn one that would wait too long', async () => {
  const { admission, clock } = open(4, 100, { keepsOne: true })
  const hold = async (tenant: string, ms: number): Promise<void> => {
    const slot = await enter(admission, { tenant })
    await clock.advance(ms)
    slot[Symbol.dispose]()
  }
  await hold('quiet', 2000)
  for (let turn = 0; turn < 20; turn++) await hold('loud', 120_000)
  for (let turn = 0; turn < 3; turn++) await enter(admission, { tenant: 'loud' })
  for (let turn = 0; turn < 3; turn++) void enter(admission, { tenant: 'loud' })
  await enter(admission, { tenant: 'quiet' })
  const request = (tenant: string): SlotRequest => ({ tenant, kind: 'chat', patienceMs: 60_000 })
  expect(admission.refusalOf(request('quiet'))).toBeUndefined()
  expect(admission.refusalOf(request('loud'))).toMatchObject({ code: 'overloaded' })
})

test('[AD9] a turn that has waited as long as its caller would is refused', async () => {
  const { admission, clock } = open(1, 10)
  const slot = await enter(admission)
  const waiting = refusalOf(enter(admission, { patienceMs: 60_000 }))
  const patient = enter(admission)
  await clock.advance(59_999)
  expect(admission.queued).toBe(2)
  await clock.advance(1)
  expect(await waiting).toEqual(overloaded(1))
  expect([admission.queued, clock.armed]).toEqual([1, 0])
  slot[Symbol.dispose]()
  await patient
})

test('[AD9] where jobs hold the only slot, a chat turn is refused once jobs are known to take too long', async () => {
  const { admission, clock } = open(1, 10)
  const patient: SlotRequest = { tenant: 't', kind: 'chat', patienceMs: 60_000 }
  const job = await admission.jobs.enter({ signal })
  expect(admission.refusalOf(patient)).toBeUndefined()
  await clock.advance(300_000)
  job[Symbol.dispose]()
  await admission.jobs.enter({ signal })
  expect(told(admission.refusalOf(patient))).toEqual(overloaded(60))
})

test('a tool agent’s turn is in the background, and waits for as long as it may run', () => {
  const limits = { turnMs: 900_000 }
  expect(slotRequestOf({ ...request, limits, agent: { ...request.agent, tools: ['Read'] } })).toEqual({
    tenant: 't',
    kind: 'background',
    patienceMs: 900_000,
  })
  expect(slotRequestOf({ ...request, limits: { firstTokenMs: 60_000, turnMs: 120_000 } })).toEqual({
    tenant: 't',
    kind: 'chat',
    patienceMs: 60_000,
  })
})

test('[AD3] who leaves while waiting gives up the turn, and the next one has it', async () => {
  const { admission } = open(1, 2)
  const place = await enter(admission)
  const leaving = new AbortController()
  const leaver = enter(admission, { signal: leaving.signal })
  const next = enter(admission)
  const reason = new Error('gone')
  leaving.abort(reason)
  expect(await refusalOf(leaver)).toBe(reason)
  expect(admission.queued).toBe(1)
  place[Symbol.dispose]()
  await next
  expect([admission.active, admission.queued]).toEqual([1, 0])
})

test('[AD3] who has left already takes no place', async () => {
  const { admission } = open(1, 1)
  const reason = new Error('gone')
  expect(await refusalOf(enter(admission, { signal: AbortSignal.abort(reason) }))).toBe(reason)
  expect(admission.active).toBe(0)
})

const admittedTo = (admission: Admission, script: (index: number) => readonly Step[]) => {
  const inner = createScriptedEngine((_, index) => script(index))
  return { inner, engine: admitted(inner, { admission, clock: createManualClock() }) }
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
  await enter(admission)
  expect(await refusalOf(all(engine.run(request, { signal })))).toEqual(refused('queue_full', 1))
  expect(inner.runs).toEqual([])
})

test('[AD3] a run that is never begun takes no place', () => {
  const { admission } = open(1, 0)
  const { engine } = admittedTo(admission, () => [])
  engine.run(request, { signal })
  expect(admission.active).toBe(0)
})
