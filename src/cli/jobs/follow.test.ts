import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  cut,
  fakeJob,
  frame,
  nothingMore,
  refuse,
  reply,
  startFakeGateway,
  stream,
  type FakeGateway,
} from '../../../test/support/fake-gateway.ts'
import { createFakeWorld } from '../../../test/support/fake-world.ts'
import { runCommand, startCommand } from '../../../test/support/run-command.ts'
import { runBare } from '../../../test/support/run-in-world.ts'
import { until } from '../../../test/support/stage.ts'
import { follow } from './follow.ts'

let gateway: FakeGateway
beforeEach(async () => {
  gateway = await startFakeGateway()
  gateway.on('GET /jobs/job_1', reply(fakeJob()))
})
afterEach(() => gateway[Symbol.asyncDispose]())

const EVENTS = 'GET /jobs/job_1/events'
const all = [
  { sequence: 1, type: 'queued' },
  { sequence: 2, type: 'started', attempt: 1 },
  { sequence: 3, type: 'text', text: 'Let me look. 🙂\n' },
  { sequence: 4, type: 'tool', name: 'Bash', input: '{"command":"git log"}' },
  { sequence: 5, type: 'retrying', error: 'The model API is overloaded.', in_ms: 1500 },
  { sequence: 6, type: 'started', attempt: 2 },
  { sequence: 7, type: 'text', text: 'Готово' },
  { sequence: 8, type: 'ended', status: 'completed' },
] as const
const SAID = 'Let me look. 🙂\nГотово'
const env = (): Readonly<Record<string, string>> => ({ VIVAVOCE_URL: gateway.url })
const run = (...args: readonly string[]) => runCommand(['jobs', 'follow', ...args], { env: env() })
const resumed = (): readonly unknown[] =>
  gateway.asked.filter(({ path }) => path.endsWith('/events')).map(({ headers }) => headers['last-event-id'])

test('[CM9] what a job says is on stdout, its states and tools on stderr', async () => {
  gateway.on(EVENTS, stream(all))
  expect(await run('job_1')).toEqual({
    code: 0,
    out: SAID,
    err: [
      'queued',
      'running',
      'Bash {"command":"git log"}',
      'to be tried again in 2 s (The model API is overloaded.)',
      'running, attempt 2',
      'completed in 12s, $0.0312\n',
    ].join('\n'),
  })
})

test('[CM9] what a tool is given is shown on one line, and not at any length', async () => {
  const input = `{"text":"${'ж🙂\n'.repeat(5000)}"}`
  gateway.on(
    EVENTS,
    stream([
      { sequence: 1, type: 'tool', name: 'Write', input },
      { ...all[7], sequence: 2 },
    ]),
  )
  const [line = ''] = (await run('job_1')).err.split('\n')
  expect(line).toMatch(/^Write \{"text":"ж🙂 ж🙂 .*…$/)
  expect(line.length).toBeLessThan(250)
})

test('[CM9] what happens is shown as it happens', async () => {
  const more = Promise.withResolvers<void>()
  gateway.on(EVENTS, (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(all.slice(0, 3).map(frame).join(''))
    void more.promise.then(() => response.end(all.slice(3).map(frame).join('')))
  })
  await using running = startCommand(['jobs', 'follow', 'job_1'], { env: env(), input: '' })
  await running.says(/Let me look/)
  expect(running.out()).toBe('Let me look. 🙂\n')
  more.resolve()
  expect(await running.ended).toMatchObject({ code: 0, out: SAID })
})

test('[CM9] a stream that breaks, or ends before the job, is taken up where it was; no event is shown twice', async () => {
  gateway.on(
    EVENTS,
    stream(all.slice(0, 3), 'cut'),
    cut,
    stream(all.slice(3, 4), 'end'),
    refuse(503, 'shutting_down', 'The server is stopping.'),
    // One that knows nothing of `last-event-id`.
    stream(all, 'end'),
  )
  const { code, out, err } = await run('job_1')
  expect([code, out]).toEqual([0, SAID])
  expect(resumed()).toEqual([undefined, '3', '3', '4', '4'])
  expect(err.match(/the connection was lost/g)).toHaveLength(4)
  expect(err.match(/^Bash/gm)).toHaveLength(1)
})

test('[CM9] a stream may be cut within an event, within a character', async () => {
  const bytes = Buffer.from(all.map(frame).join(''))
  const at = bytes.indexOf(Buffer.from('🙂')) + 2
  gateway.on(
    EVENTS,
    (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(bytes.subarray(0, at), () => response.socket?.destroy())
    },
    stream(all.slice(2)),
  )
  expect(await run('job_1')).toMatchObject({ code: 0, out: SAID })
  expect(resumed()).toEqual([undefined, '2'])
})

test('[CM9] where nothing more is to come the job’s own state counts', async () => {
  gateway.on(EVENTS, stream(all.slice(0, 3), 'cut'), nothingMore)
  gateway.on('GET /jobs/job_1', reply(fakeJob({ status: 'failed', error: 'It went wrong.' })))
  const { code, err } = await run('job_1')
  expect(code).toBe(1)
  expect(err).toContain('failed in 12s, $0.0312: It went wrong.\n')
})

test('[CM9] [CM12] --json prints a line for each event, also of kinds that are not known yet', async () => {
  const events = [...all.slice(0, 7), { sequence: 9, type: 'dreaming', of: ['sheep'] }, { ...all[7], sequence: 10 }]
  gateway.on(EVENTS, stream(events.slice(0, 3), 'cut'), stream(events.slice(3)))
  const { code, out, err } = await run('--json', 'job_1')
  expect([code, err]).toEqual([0, ''])
  const lines = out.trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
    events.map((event) => ({ at: '2026-01-01T00:00:00.000Z', ...event })),
  )
})

test.each(['SIGINT', 'SIGTERM'] as const)(
  '[CM9] %s ends the following and not the job, and says so',
  async (signal) => {
    gateway.on(EVENTS, stream(all.slice(0, 3), 'stay'))
    await using running = startCommand(['jobs', 'follow', 'job_1'], { env: env(), input: '' })
    await running.says(/Let me look/)
    running.kill(signal)
    const { code, err } = await running.ended
    expect(code).toBe(signal === 'SIGINT' ? 130 : 143)
    expect(err).toContain('interrupted; the job goes on: `vivavoce jobs follow job_1` follows it')
    expect(gateway.asked.map(({ method }) => method)).toEqual(['GET'])
  },
)

test('[CM9] whoever reads its output may leave: it ends without a word', async () => {
  let response: Parameters<Parameters<FakeGateway['on']>[1]>[0] | undefined
  gateway.on(EVENTS, (given) => {
    response = given
    given.writeHead(200, { 'content-type': 'text/event-stream' }).write(all.slice(0, 3).map(frame).join(''))
  })
  await using running = startCommand(['jobs', 'follow', 'job_1'], { env: env(), input: '' })
  await running.says(/Let me look/)
  running.stopReading()
  let sequence = 3
  // What is written while the pipe is being closed may still find room in it.
  const talking = setInterval(
    () => response?.write(frame({ sequence: ++sequence, type: 'text', text: 'to nobody' })),
    20,
  )
  const { code, err } = await running.ended
  clearInterval(talking)
  expect(code).toBe(141)
  expect(err).toBe('queued\nrunning\n')
})

test('[CM9] a job that is not there, and what cannot be one, are told; nothing is tried again', async () => {
  expect(await run('job_2')).toEqual({
    code: 1,
    out: '',
    err: 'vivavoce: There is no such job; finished jobs are kept for a limited time.\n',
  })
  expect(gateway.asked).toHaveLength(1)
  for (const id of ['..', 'a/b', 'ж', ''])
    await expect(runBare(follow, ['--', id], createFakeWorld({ url: gateway.url }))).rejects.toMatchObject({
      code: 'not_found',
    })
  expect(gateway.asked).toHaveLength(1)
})

test('[CM9] a silent connection is given up and made anew', async () => {
  gateway.on(EVENTS, stream(all.slice(0, 3), 'stay'), stream(all.slice(3)))
  const world = createFakeWorld({ url: gateway.url })
  const done = runBare(follow, ['job_1'], world)
  await until(() => world.out() === 'Let me look. 🙂\n')
  await world.clock.advance(45_000)
  expect(await done).toBe(0)
  expect(world.out()).toBe(SAID)
  expect(world.clock.armed).toBe(0)
})

test('[CM9] a connection on which something comes every so often is kept', async () => {
  const opened = Promise.withResolvers<Parameters<Parameters<FakeGateway['on']>[1]>[0]>()
  gateway.on(EVENTS, (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(all.slice(0, 2).map(frame).join(''))
    opened.resolve(response)
  })
  const world = createFakeWorld({ url: gateway.url })
  const done = runBare(follow, ['job_1'], world)
  const response = await opened.promise
  for (const event of [all[2], all[6]]) {
    await until(() => world.clock.armed === 1)
    await world.clock.advance(30_000)
    response.write(`: keep-alive\n\n${frame(event)}`)
    await until(() => world.out().endsWith(event.text))
  }
  await world.clock.advance(30_000)
  response.end(frame(all[7]))
  expect(await done).toBe(0)
  expect(resumed()).toEqual([undefined])
})

test('[CM9] a server that stays away is waited for, longer and longer, and then given up', async () => {
  gateway.on(EVENTS, stream(all.slice(0, 3), 'cut'), cut)
  const world = createFakeWorld({ url: gateway.url })
  await expect(runBare(follow, ['job_1'], world)).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringMatching(/^the connection to http\S+ broke .*; the job goes on: /),
  })
  expect(world.pauses.slice(0, 8)).toEqual([250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000])
  expect(world.pauses).toHaveLength(26)
})

test('[CM9] [CM12] what fails once the job is over does not say that it goes on', async () => {
  gateway.on(EVENTS, stream(all))
  gateway.on('GET /jobs/job_1', refuse(503, 'store_unavailable', 'The store does not answer.'))
  const { code, err } = await run('--json', 'job_1')
  expect(code).toBe(1)
  expect(JSON.parse(err)).toEqual({
    error: {
      message: 'The store does not answer. Try again shortly.',
      code: 'store_unavailable',
      status: 503,
      job_id: 'job_1',
    },
  })
})

test('[CM9] [CM14] [CM15] on a terminal text and progress keep apart, and nothing of the job is obeyed', async () => {
  gateway.on(
    EVENTS,
    stream([
      { sequence: 1, type: 'text', text: 'half \u001b[31ma line' },
      { sequence: 2, type: 'tool', name: 'Ba\u001bsh', input: '' },
      { sequence: 3, type: 'ended', status: 'completed' },
    ]),
  )
  const seen: string[] = []
  const world = createFakeWorld({ url: gateway.url })
  const screen = { isTTY: true, columns: 40, write: (text: string) => seen.push(text) }
  expect(await runBare(follow, ['job_1'], { ...world, stdout: screen, stderr: screen })).toBe(0)
  expect(seen.join('')).toBe('half ␛[31ma line\nBa␛sh\n\r\u001b[2K0s  Ba␛sh\r\u001b[2Kcompleted in 12s, $0.0312\n')
})

test('[CM15] where stdout is no terminal it gets the text as it is', async () => {
  gateway.on(
    EVENTS,
    stream([
      { sequence: 1, type: 'text', text: '\u001b[31m\r' },
      { sequence: 2, type: 'ended', status: 'completed' },
    ]),
  )
  expect((await run('job_1')).out).toBe('\u001b[31m\r')
})
