import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  cut,
  fakeJob,
  hang,
  refuse,
  reply,
  startFakeGateway,
  stream,
  type FakeGateway,
} from '../../../test/support/fake-gateway.ts'
import { createFakeWorld } from '../../../test/support/fake-world.ts'
import { runCommand, startCommand } from '../../../test/support/run-command.ts'
import { runBare, runInWorld } from '../../../test/support/run-in-world.ts'
import { CommandError } from '../command-error.ts'
import { submit as submitCommand } from './submit.ts'

let gateway: FakeGateway
beforeEach(async () => {
  gateway = await startFakeGateway()
})
afterEach(() => gateway[Symbol.asyncDispose]())

const accepted = reply({ job_id: 'job_1', status: 'queued' }, 202)
const env = (): Readonly<Record<string, string>> => ({ VIVAVOCE_URL: gateway.url })
const submit = (args: readonly string[], input: string | Uint8Array = '') =>
  runCommand(['jobs', 'submit', ...args], { env: env(), input })
const bodies = (): readonly unknown[] =>
  gateway.asked.filter(({ method }) => method === 'POST').map(({ body }) => JSON.parse(body) as unknown)
const keys = (): readonly unknown[] =>
  gateway.asked.filter(({ method }) => method === 'POST').map(({ headers }) => headers['idempotency-key'])

test('[CM6] a job is submitted with all that its options say, and its id is printed', async () => {
  gateway.on('POST /execute', accepted)
  const options = ['--agent', 'worker', '--budget', '1.5', '--timeout', '60', '--priority=-7', '--push', 'work/ж']
  const more = ['--metadata', '{"a": ["ж"]}', '--callback', 'https://x.example/done', '--key', 'k-1']
  expect(await submit([...options, ...more, 'Fix', 'the  bug', '--', '--now'])).toEqual({
    code: 0,
    out: 'job_1\n',
    err: '',
  })
  expect(bodies()).toEqual([
    {
      prompt: 'Fix the  bug --now',
      agent: 'worker',
      max_budget_usd: 1.5,
      timeout_seconds: 60,
      priority: -7,
      metadata: { a: ['ж'] },
      push: { branch: 'work/ж' },
      callback_url: 'https://x.example/done',
    },
  ])
  expect(gateway.asked[0]?.headers).toMatchObject({ authorization: 'Bearer test-key', 'idempotency-key': 'k-1' })
})

test.each([[[]], [['-']]])('[CM6] the prompt comes from stdin, word for word: %j', async (args) => {
  gateway.on('POST /execute', accepted)
  const prompt = `@/etc/passwd\n/help ${'Здравей 🙂 '.repeat(20_000)}\n`
  expect(await submit(args, prompt)).toMatchObject({ code: 0, out: 'job_1\n' })
  expect(bodies()).toEqual([{ prompt }])
})

test('[CM6] VIVAVOCE_AGENT names the agent of a job that names none, else the server chooses; each job has its own key', async () => {
  gateway.on('POST /execute', accepted)
  await runCommand(['jobs', 'submit', 'x'], { env: { ...env(), VIVAVOCE_AGENT: 'librarian' } })
  await submit(['x'])
  expect(bodies()).toEqual([{ prompt: 'x', agent: 'librarian' }, { prompt: 'x' }])
  const [first, second] = keys()
  expect(first).toMatch(/^cli_\w{32}$/)
  expect(second).not.toBe(first)
})

test('[CM6] a connection that breaks does not double the job: the same is sent again under the same key', async () => {
  gateway.on('POST /execute', cut, cut, accepted)
  expect(await submit(['x'])).toEqual({ code: 0, out: 'job_1\n', err: '' })
  expect(gateway.asked).toHaveLength(3)
  expect(new Set(keys()).size).toBe(1)
  expect(new Set(gateway.asked.map(({ body }) => body)).size).toBe(1)
})

test('[CM6] a refusal is not sent again', async () => {
  gateway.on('POST /execute', refuse(400, 'invalid_request', '`priority`: at most 100 is expected.'), accepted)
  expect(await submit(['--priority', '101', 'x'])).toEqual({
    code: 1,
    out: '',
    err: 'vivavoce: `priority`: at most 100 is expected.\n',
  })
  expect(gateway.asked).toHaveLength(1)
})

test('[CM6] who stops waiting for the reply is told the key that finds the job', async () => {
  gateway.on('POST /execute', hang)
  await using running = startCommand(['jobs', 'submit', '--json', 'x'], { env: env(), input: '' })
  await gateway.untilAsked(1)
  running.kill('SIGINT')
  const { code, err } = await running.ended
  expect(code).toBe(130)
  expect(JSON.parse(err)).toEqual({
    error: {
      message: expect.stringContaining(`--key ${String(keys()[0])}`),
      code: 'interrupted',
      idempotency_key: keys()[0],
    },
  })
})

test('[CM6] who stops while the prompt is awaited has submitted nothing', async () => {
  const stopping = new AbortController()
  const stdin = new PassThrough()
  stdin.write('half a prompt')
  const world = { ...createFakeWorld({ url: gateway.url, signal: stopping.signal }), stdin }
  const done = runInWorld(submitCommand, [], world)
  stopping.abort(new CommandError('interrupted', { code: 'interrupted', exitCode: 130 }))
  expect(await done).toBe(130)
  expect(stdin.destroyed).toBe(true)
  expect(gateway.asked).toEqual([])
})

test('[CM6] a server that stays away is tried for some seconds; then the key is told', async () => {
  gateway.on('POST /execute', cut)
  const world = createFakeWorld({ url: gateway.url })
  await expect(runBare(submitCommand, ['--key', 'k-1', 'x'], world)).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('submitting the same again with --key k-1 will find it'),
    details: { idempotency_key: 'k-1' },
  })
  expect(world.pauses).toEqual([250, 500, 1000, 2000, 4000, 8000])
  expect(gateway.asked).toHaveLength(7)
})

test('[CM6] a server that goes away in between is waited for', async () => {
  gateway.on('POST /execute', cut)
  const world = createFakeWorld({ url: gateway.url })
  const away = {
    ...world,
    pause: async (ms: number, signal: AbortSignal) => {
      await world.pause(ms, signal)
      if (world.pauses.length === 1) await gateway[Symbol.asyncDispose]()
    },
  }
  await expect(runBare(submitCommand, ['x'], away)).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringMatching(/no server to be reached .* will find it$/),
  })
  expect(world.pauses).toHaveLength(6)
})

test.each([
  [['--budget', 'much', 'x'], '--budget'],
  [['--metadata', '[1]', 'x'], '--metadata'],
  [['--metadata', '{', 'x'], '--metadata'],
  [['--key', 'ключ', 'x'], '--key'],
  [['--key', '', 'x'], '--key'],
  [['--nonsense', 'x'], '--nonsense'],
  [['   '], 'the prompt is empty'],
  [[], 'the prompt is empty'],
])('[CM5] a wrong command line is told, with the usage: %j', async (args, what) => {
  const { code, out, err } = await submit(args)
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain(what)
  expect(err).toContain('usage: vivavoce jobs submit')
  expect(gateway.asked).toEqual([])
})

test('[CM6] a prompt that is no text is told', async () => {
  expect(await submit([], new Uint8Array([0x61, 0xff, 0xfe]))).toEqual({
    code: 1,
    out: '',
    err: 'vivavoce: the prompt on stdin is not UTF-8 text\n',
  })
})

const events = [
  { sequence: 1, type: 'queued' },
  { sequence: 2, type: 'started', attempt: 1 },
  { sequence: 3, type: 'tool', name: 'Bash', input: '{"command":"ls"}' },
  { sequence: 4, type: 'text', text: 'All ' },
  { sequence: 5, type: 'ended', status: 'completed' },
]

test('[CM7] [CM14] --wait prints the output alone on stdout, what goes on on stderr, and exits with 0', async () => {
  gateway.on('POST /execute', accepted)
  gateway.on('GET /jobs/job_1/events', stream(events))
  gateway.on('GET /jobs/job_1', reply(fakeJob({ commits: [{ id: 'a' }], pushed: { branch: 'work', commit: 'a' } })))
  const { code, out, err } = await submit(['--wait', 'x'])
  expect(code).toBe(0)
  expect(out).toBe('All done. Готово 🙂\n')
  expect(err.replace(/^\d+s/gm, '0s')).toBe(
    [
      'job job_1',
      '0s  queued',
      '0s  running',
      '0s  Bash {"command":"ls"}',
      'completed in 12s, $0.0312, 1 commit, pushed to work\n',
    ].join('\n'),
  )
})

test.each(['failed', 'timeout', 'error', 'cancelled'])(
  '[CM7] --wait exits with 1 for a job that is %s',
  async (status) => {
    gateway.on('POST /execute', accepted)
    gateway.on('GET /jobs/job_1/events', stream([{ sequence: 1, type: 'ended', status }]))
    gateway.on('GET /jobs/job_1', reply(fakeJob({ status, output: null, error: 'It went wrong.', started_at: null })))
    expect(await submit(['--wait', 'x'])).toEqual({
      code: 1,
      out: '',
      err: `job job_1\n${status}, $0.0312: It went wrong.\n`,
    })
  },
)

test('[CM7] [CM12] --wait --json prints the job as it is in the end, and nothing else', async () => {
  gateway.on('POST /execute', cut, accepted)
  gateway.on('GET /jobs/job_1/events', stream(events.slice(0, 3), 'cut'), stream(events.slice(3)))
  gateway.on('GET /jobs/job_1', cut, reply(fakeJob({ of_the_future: { a: 1 } })))
  const { code, out, err } = await submit(['--wait', '--json', 'x'])
  expect([code, err]).toEqual([0, ''])
  expect(JSON.parse(out)).toEqual(fakeJob({ of_the_future: { a: 1 } }))
  expect(out.trimEnd()).not.toContain('\n')
})

test('[CM7] [CM9] SIGINT ends the waiting and not the job, and says so', async () => {
  gateway.on('POST /execute', accepted)
  gateway.on('GET /jobs/job_1/events', stream(events.slice(0, 2), 'stay'))
  await using running = startCommand(['jobs', 'submit', '--wait', 'x'], { env: env(), input: '' })
  await running.says(/running/)
  running.kill('SIGINT')
  const { code, out, err } = await running.ended
  expect([code, out]).toEqual([130, ''])
  expect(err).toContain('interrupted; the job goes on: `vivavoce jobs follow job_1` follows it')
  expect(gateway.asked.filter(({ method }) => method === 'DELETE')).toEqual([])
})
