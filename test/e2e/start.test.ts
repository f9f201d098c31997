/** From the start of a server to its first turn: the CLI is verified in between. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startCommand } from '../support/run-command.ts'
import { delay, isAlive, startStage, until } from '../support/stage.ts'
import { readStream } from '../support/stream.ts'
import { makeKnown, wrapCli } from '../support/wrapped-cli.ts'

/** A verification starts a dozen processes; on a busy machine each takes seconds. */
const SLOW = { ms: 500_000 }
const TIMEOUT = { timeout: 1_000_000 }

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vivavoce-start-'))
})
afterEach(() => rm(home, { recursive: true, force: true, maxRetries: 5 }))

const serve = (env: Readonly<Record<string, string>>) =>
  startCommand(['serve', '--rehearsal'], {
    env: { HOME: home, TMPDIR: home, XDG_CACHE_HOME: join(home, 'cache'), VIVAVOCE_PORT: '0', ...env },
  })

const ask = (url: string): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer test-key' },
    body: JSON.stringify({ stream: true, messages: [{ role: 'user', content: 'say exactly: here' }] }),
  })

/** Free a moment ago: for a server whose address must be known before it says it. */
async function freePort(): Promise<string> {
  await using taken = await takePort()
  return taken.port
}

async function takePort(): Promise<AsyncDisposable & { readonly port: string }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it listens on a port')
  return {
    port: String(address.port),
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  }
}

test('[SU1] an address in use is found before a process of the CLI is started', TIMEOUT, async () => {
  const cli = await wrapCli({ directory: home, name: 'claude' })
  await using taken = await takePort()
  await using running = serve({ VIVAVOCE_CLAUDE_BIN: cli.path, VIVAVOCE_PORT: taken.port })
  const { code, err } = await running.ended
  expect(code).toBe(1)
  expect(err).toContain('VIVAVOCE_PORT')
  expect(await cli.starts()).toBe(0)
})

test(
  '[SU2] [SU3] [SU5] [SU6] requests are told to wait while the CLI is verified, and served afterwards',
  TIMEOUT,
  async () => {
    const gate = join(home, 'gate')
    await writeFile(gate, '')
    const { path } = await wrapCli({
      directory: home,
      name: 'claude',
      lines: `while [ ! -e '${gate}' ]; do sleep 0.05; done`,
    })
    await makeKnown(join(home, 'cache'), path)
    await rm(gate)
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    await using running = serve({ VIVAVOCE_CLAUDE_BIN: path, VIVAVOCE_PORT: port })
    const health = await until(async () => fetch(`${url}/health`).catch(() => undefined), SLOW)
    expect([health.status, await health.json()]).toMatchObject([503, { status: 'starting' }])
    const refused = await ask(url)
    expect([refused.status, await refused.json()]).toMatchObject([503, { error: { code: 'starting' } }])
    expect(running.out()).toBe('')
    await until(() => running.err().includes('cli-verification-continues'), SLOW)
    await writeFile(gate, '')
    await until(() => running.out().includes(`{"listening":"${url}"}`), SLOW)
    expect((await readStream(await ask(url))).text).toBe('here')
    running.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
  },
)

test.each(['SIGTERM', 'SIGINT'] as const)(
  '[SU10] %s ends a verification at once, with its processes',
  TIMEOUT,
  async (signal) => {
    const pids = join(home, 'pids')
    const { path } = await wrapCli({
      directory: home,
      name: 'claude',
      lines: `[ -e '${pids}' ] && echo $$ >> '${pids}' && sleep 1000`,
    })
    await makeKnown(join(home, 'cache'), path)
    await writeFile(pids, '')
    await using running = serve({ VIVAVOCE_CLAUDE_BIN: path })
    const pid = await until(async () => Number((await readFile(pids, 'utf8')).trim().split('\n')[0]) || undefined, SLOW)
    running.kill(signal)
    expect((await running.ended).code).toBe(0)
    expect(running.out()).toBe('')
    await until(() => !isAlive(pid))
  },
)

test('[SU8] [SU9] a HOME that cannot be written does not keep a server from serving', TIMEOUT, async () => {
  const { path } = await wrapCli({ directory: home, name: 'claude' })
  await using running = serve({
    VIVAVOCE_CLAUDE_BIN: path,
    HOME: '/proc/nobody',
    XDG_CACHE_HOME: '',
    VIVAVOCE_DATA_DIR: join(home, 'data'),
  })
  const [, url = ''] = await until(() => /"listening":"([^"]+)"/.exec(running.out()) ?? undefined, SLOW)
  expect((await readStream(await ask(url))).text).toBe('here')
  expect(running.err()).toContain('cli-capabilities-not-kept')
  running.kill('SIGTERM')
  expect((await running.ended).code).toBe(0)
})

test.each([
  [
    'whose interpreter is missing',
    '#!/nonexistent/sh\n',
    /could not be checked: spawn .* ENOENT\. .*VIVAVOCE_CLAUDE_BIN/,
  ],
  ['that is not the CLI', '#!/bin/sh\necho hello\n', /is not the Claude Code CLI: .*hello.*VIVAVOCE_CLAUDE_BIN/],
  [
    'that crashes',
    '#!/bin/sh\necho broken >&2\nexit 3\n',
    /could not be checked: a process ended with code 3 \(broken\)/,
  ],
])('[SU8] a program %s ends the start with a message of its own', TIMEOUT, async (_, script, message) => {
  const path = join(home, 'claude')
  await writeFile(path, script, { mode: 0o755 })
  await using running = serve({ VIVAVOCE_CLAUDE_BIN: path })
  const { code, err } = await running.ended
  expect(code).toBe(1)
  expect(err.split('\n').at(-2)).toMatch(message)
})

test('[SU6] [SU7] [SU14] a slow first start degrades neither the server nor the next one', TIMEOUT, async () => {
  const slow = join(home, 'slow')
  const { path } = await wrapCli({
    directory: home,
    name: 'claude',
    lines: `[ -e '${slow}' ] && [ $COUNT -ge 4 ] && [ $COUNT -le 12 ] && sleep 6`,
  })
  await writeFile(slow, '')
  await mkdir(join(home, 'stage'))
  const env = { VIVAVOCE_CLAUDE_BIN: path, XDG_CACHE_HOME: join(home, 'cache'), VIVAVOCE_POOL_SPARES: '1' }
  const tools = [
    { type: 'function', function: { name: 'get_weather', parameters: { type: 'object', properties: {} } } },
  ]
  const withTools = { stream: true, tools, messages: [{ role: 'user', content: 'say exactly: here' }] }
  {
    // A start may take 4 s at first: each of the slow ones is late.
    await using stage = await startStage({ env, pace: { firstMs: 200, leastMs: 200 } })
    const { observations } = stage
    // Nothing was found missing because of it, however often it was tried.
    const found = observations.filter((seen) => seen.type === 'cli-capabilities-found')
    expect(found.flatMap(({ missing }) => missing).filter(({ status }) => status === 'missing')).toEqual([])
    const answered = await until(async () => {
      const response = await stage.fetch('/v1/chat/completions', { body: withTools })
      if (response.status === 503) {
        expect(await response.json()).toMatchObject({ error: { code: 'starting' } })
        await delay(500)
        return undefined
      }
      return response
    }, SLOW)
    expect((await readStream(answered)).text).toBe('here')
  }
  await rm(slow)
  await using stage = await startStage({ env })
  expect((await readStream(await stage.fetch('/v1/chat/completions', { body: withTools }))).text).toBe('here')
  expect(stage.observations.find((seen) => seen.type === 'cli-capabilities-found')).toMatchObject({ missing: [] })
})
