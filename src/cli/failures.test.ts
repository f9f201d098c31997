/** What the commands say when the server does not do what they ask for. */
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { createServer } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  cut,
  hang,
  refuse,
  reply,
  startFakeGateway,
  type FakeGateway,
  type Step,
} from '../../test/support/fake-gateway.ts'
import { createFakeWorld } from '../../test/support/fake-world.ts'
import { runCommand, startCommand } from '../../test/support/run-command.ts'
import { runInWorld } from '../../test/support/run-in-world.ts'
import { forget } from './conversations/forget.ts'
import { list as listConversations } from './conversations/list.ts'
import { show } from './conversations/show.ts'
import { cancel } from './jobs/cancel.ts'
import { follow } from './jobs/follow.ts'
import { list as listJobs } from './jobs/list.ts'
import { submit } from './jobs/submit.ts'

let gateway: FakeGateway
beforeEach(async () => {
  gateway = await startFakeGateway()
})
afterEach(() => gateway[Symbol.asyncDispose]())

const list = (env: Readonly<Record<string, string>> = {}, ...args: readonly string[]) =>
  runCommand(['jobs', 'list', ...args], { env: { VIVAVOCE_URL: gateway.url, ...env } })

const unauthorized = refuse(401, 'invalid_api_key', 'The key is missing or wrong.')

const FAILURES: readonly (readonly [string, Step, string, object])[] = [
  [
    '401',
    unauthorized,
    'The key is missing or wrong. The key in API_BEARER_TOKEN is not one of this server.',
    { code: 'invalid_api_key', status: 401 },
  ],
  [
    '429',
    refuse(429, 'job_queue_full', 'Too many jobs wait.', { 'retry-after': '7' }),
    'Too many jobs wait. Try again in 7 s.',
    { code: 'job_queue_full', status: 429, retry_after_seconds: 7 },
  ],
  [
    '503',
    refuse(503, 'cli_unavailable', 'The CLI could not be started.'),
    'The CLI could not be started. `vivavoce doctor`, on the server, checks what it needs.',
    { code: 'cli_unavailable', status: 503 },
  ],
  [
    '503 of what passes',
    refuse(503, 'store_unavailable', 'The store does not answer.'),
    'The store does not answer. Try again shortly.',
    { code: 'store_unavailable', status: 503 },
  ],
  [
    'OpenAI’s envelope',
    reply({ error: { message: 'Not here.', code: 'not_found' } }, 404),
    'Not here.',
    { code: 'not_found', status: 404 },
  ],
  [
    'a page of a proxy',
    reply('<h1>Bad \u001b[31mgateway</h1>', 502),
    'answered 502 in words that are not vivavoce’s: <h1>Bad ␛[31mgateway</h1>',
    { code: 'unexpected_reply', status: 502 },
  ],
  [
    'nothing',
    reply('', 500),
    'answered 500 in words that are not vivavoce’s',
    { code: 'unexpected_reply', status: 500 },
  ],
  ['no JSON', reply('<html>'), 'answered with something else', { code: 'unexpected_reply' }],
  ['other JSON', reply({ jobs: [{ job_id: 5 }], next: null }), '(jobs.0.job_id: ', { code: 'unexpected_reply' }],
  ['null', reply(null), '(the body: ', { code: 'unexpected_reply' }],
  ['a cut connection', cut, 'the connection to http://127.0.0.1', { code: 'unreachable' }],
  [
    'a reply that is cut',
    (response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('{"jobs":', () => response.socket?.destroy())
    },
    'the connection to http://127.0.0.1',
    { code: 'unreachable' },
  ],
]

test.each(FAILURES)(
  '[CM12] [CM13] %s is told with what to do, as text and as JSON',
  async (_, step, message, error) => {
    gateway.on('GET /jobs', step)
    const told = async (...args: readonly string[]): Promise<string> => {
      const world = createFakeWorld({ url: gateway.url })
      expect(await runInWorld(listJobs, args, world)).toBe(1)
      expect(world.out()).toBe('')
      return world.err()
    }
    const plain = await told()
    expect(plain).toMatch(/^vivavoce: /)
    expect(plain).toContain(message)
    expect(JSON.parse(await told('--json'))).toEqual({ error: { ...error, message: expect.any(String) } })
  },
)

test('[CM13] without a key it says which variable it comes from, and sends none', async () => {
  gateway.on('GET /jobs', unauthorized)
  expect((await list({ API_BEARER_TOKEN: '' })).err).toContain('Set API_BEARER_TOKEN to the key of this server.')
  expect(gateway.asked[0]?.headers).not.toHaveProperty('authorization')
})

test('[CM13] a server that is not there is told at once, with what to do', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  await new Promise((resolve) => server.close(resolve))
  for (const args of [
    ['jobs', 'submit', 'x'],
    ['jobs', 'follow', 'job_1'],
    ['conversations', 'list'],
  ]) {
    const { code, err } = await runCommand([...args, '--url', `http://127.0.0.1:${port}`])
    expect(code).toBe(1)
    expect(err).toContain('Start one with `vivavoce serve`, or name another with --url or VIVAVOCE_URL')
    expect(err).not.toMatch(/--key|goes on/)
  }
})

test('[CM16] --url goes before VIVAVOCE_URL; the key goes to no other server', async () => {
  await using other = await startFakeGateway()
  gateway.on('GET /jobs', reply('', 307, { location: `${other.url}/jobs` }))
  const { code, err } = await list({ VIVAVOCE_URL: 'http://127.0.0.1:9' }, '--url', `${gateway.url}/`)
  expect(code).toBe(1)
  expect(err).toContain(`leads on to ${other.url}/jobs: name that address with --url or VIVAVOCE_URL`)
  expect(gateway.asked).toHaveLength(1)
  expect(other.asked).toEqual([])
})

test('[CM5] [CM12] [CM16] a wrong address is told, as text and as JSON', async () => {
  const plain = await list({}, '--url', 'voice')
  expect(plain).toMatchObject({ code: 1, out: '' })
  expect(plain.err).toContain('VIVAVOCE_URL: an address of the form')
  const json = await list({}, '--url', 'voice', '--json')
  expect(JSON.parse(json.err)).toMatchObject({ error: { code: 'configuration' } })
  const usage = await list({}, '--nonsense', '--json')
  expect(usage.code).toBe(2)
  expect(JSON.parse(usage.err)).toMatchObject({ error: { code: 'usage' } })
})

test('[CM13] SIGINT ends a command that waits for its reply', async () => {
  gateway.on('GET /jobs', hang)
  await using running = startCommand(['jobs', 'list'], { env: { VIVAVOCE_URL: gateway.url }, input: '' })
  await gateway.untilAsked(1)
  running.kill('SIGINT')
  expect(await running.ended).toEqual({ code: 130, out: '', err: 'vivavoce: interrupted\n' })
})

test.each([['help'], ['list']])('[CM13] output that cannot be written is told: %s', async (what) => {
  gateway.on('GET /jobs', reply({ jobs: [], next: null }))
  const args = what === 'help' ? ['jobs', '--help'] : ['jobs', 'list', '--json']
  const full = await open('/dev/full', 'w')
  const { code, err } = await runCommand(args, { env: { VIVAVOCE_URL: gateway.url }, stdout: full.fd })
  await full.close()
  expect(code).toBe(1)
  expect(err).toContain('the output cannot be written')
  expect(err).toContain('ENOSPC')
})

test.each([[['help']], [['--help']], [['-h']]])('[CM5] the usage is there to be asked for: %j', async (args) => {
  expect(await runCommand(args)).toMatchObject({ code: 0, out: expect.stringContaining('usage: vivavoce <command>') })
})

test.each([
  ['jobs submit', submit],
  ['jobs list', listJobs],
  ['jobs follow', follow],
  ['jobs cancel', cancel],
  ['conversations list', listConversations],
  ['conversations show', show],
  ['conversations forget', forget],
])('[CM5] so is that of each command: %s', async (name, command) => {
  const world = createFakeWorld({ url: gateway.url })
  expect(await runInWorld(command, ['--help'], world)).toBe(0)
  expect(world.err()).toBe('')
  expect(world.out()).toContain(`usage: vivavoce ${name}`)
  expect(world.out()).toContain('--url URL')
})
