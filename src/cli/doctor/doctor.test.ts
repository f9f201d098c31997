import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer, Server as HttpServer } from 'node:http'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { asNobody } from '../../../test/support/as-nobody.ts'
import { loadConfig, type Environment } from '../../config/index.ts'
import { GatewayError } from '../../core/index.ts'
import { lockDirectory } from '../../storage/index.ts'
import { fail, ok, runChecks, warn, type Check, type Facts, type Finding } from './check.ts'
import { capabilitiesFinding, claude } from './cli.ts'
import { formatFinding } from './format.ts'
import { turnFinding } from './login.ts'
import { address, cacheDirectory, claudeDirectory, dataDirectory, nodeFinding } from './machine.ts'
import { agents, configuration, key, store } from './setup.ts'

let home = ''
const servers: Server[] = []
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vivavoce-doctor-test-'))
})
afterEach(async () => {
  for (const server of servers.splice(0)) {
    const closed = once(server, 'close')
    server.close()
    if (server instanceof HttpServer) server.closeAllConnections()
    await closed
  }
  await rm(home, { recursive: true })
})

const { signal } = new AbortController()
const configOf = (env: Environment = {}) => loadConfig({ HOME: home, ...env })
const run = (check: Check, env: Environment = {}, facts: Facts = {}): Promise<Finding> =>
  check.run({ facts: { config: configOf(env), ...facts }, signal })

async function portOf(server: Server): Promise<string> {
  servers.push(server.listen(0, '127.0.0.1'))
  await once(server, 'listening')
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('no port')
  return String(bound.port)
}

describe('the report', () => {
  test('[CM23] a finding is a line with its state, then what to do; no line is longer than 100 columns', () => {
    expect(formatFinding('node', ok('24.1.0'))).toBe('ok    node: 24.1.0\n')
    expect(formatFinding('port', fail('in use', 'Choose another.'))).toBe('FAIL  port: in use\n      Choose another.\n')
    const long = formatFinding('agents', warn('word '.repeat(60).trim(), `${'ж'.repeat(30)} `.repeat(9).trim()))
    const lines = long.trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(4)
    expect(lines[0]).toMatch(/^warn {2}agents: word/)
    for (const line of lines.slice(1)) expect(line).toMatch(/^ {6}\S/)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100)
  })

  test('[CM23] what a terminal would obey is shown', () => {
    expect(formatFinding('login', fail('\u001b[31mred', 'a\u0007'))).toBe('FAIL  login: ␛[31mred\n      a␇\n')
  })

  test('[CM23] a check whose facts are missing is skipped, one that throws fails, and the others are run', async () => {
    const seen: string[] = []
    const checks: readonly Check[] = [
      { name: 'a', needs: [], run: async () => ok('there', { isLoggedIn: true }) },
      { name: 'b', needs: ['cli'], run: async () => ok('never') },
      { name: 'c', needs: ['isLoggedIn'], run: async () => warn('so so', 'Do it.') },
      { name: 'd', needs: [], run: () => Promise.reject(new Error('a defect\nwith lines')) },
      { name: 'e', needs: [], run: async ({ facts }) => ok(JSON.stringify(facts)) },
    ]
    const report = (name: string, { state, found }: Finding) => void seen.push(`${name} ${state} ${found}`)
    expect(await runChecks(checks, { signal, report })).toBe(false)
    expect(seen).toEqual([
      'a ok there',
      'b skip not checked, because an earlier check failed',
      'c warn so so',
      'd fail a defect',
      'e ok {"isLoggedIn":true}',
    ])
    expect(await runChecks(checks.slice(0, 3), { signal, report: () => undefined })).toBe(true)
  })

  test('[CM23] nothing is checked once the command is stopped', async () => {
    const reason = new Error('stopped')
    await expect(
      runChecks([{ name: 'a', needs: [], run: async () => ok('x') }], {
        signal: AbortSignal.abort(reason),
        report: () => undefined,
      }),
    ).rejects.toBe(reason)
  })
})

describe('the machine', () => {
  test.each([
    ['22.13.0', 'ok'],
    ['24.0.1', 'ok'],
    ['22.12.9', 'fail'],
    ['20.19.0', 'fail'],
  ])('[CM24] Node %s is %s', (version, state) => {
    expect(nodeFinding(version).state).toBe(state)
  })

  test('[CM25] an address that is free is ok, also without a fixed port', async () => {
    expect(await run(address, { VIVAVOCE_PORT: '0' })).toMatchObject({ state: 'ok', found: '127.0.0.1, any free port' })
  })

  test('[CM25] a port in use by another program is a failure, whatever that program answers', async () => {
    const silent = await portOf(createServer((socket) => socket.resume().end('SSH-2.0-x\r\n')))
    const other = await portOf(createHttpServer((_, response) => response.end('{"status":"ok"}')))
    const page = await portOf(createHttpServer((_, response) => response.end('<html>')))
    for (const port of [silent, other, page])
      expect(await run(address, { VIVAVOCE_PORT: port })).toMatchObject({
        state: 'fail',
        found: `127.0.0.1, port ${port} is in use by another program`,
        advice: expect.stringContaining('--port'),
      })
  })

  test('[CM25] a vivavoce that listens there is a warning', async () => {
    const port = await portOf(
      createHttpServer((request, response) =>
        response
          .writeHead(503)
          .end(request.url === '/health' ? '{"status":"starting","busy":false,"version":"9.9.9"}' : ''),
      ),
    )
    expect(await run(address, { VIVAVOCE_PORT: port })).toEqual({
      state: 'warn',
      found: `vivavoce 9.9.9 already listens on http://127.0.0.1:${port} (status starting)`,
      advice: expect.stringContaining('Stop it'),
      facts: { isRunning: true },
    })
  })

  test('[CM25] an address that this machine does not have is a failure', async () => {
    const env = { VIVAVOCE_HOST: '203.0.113.7', VIVAVOCE_PORT: '0', API_BEARER_TOKEN: 'a-key-of-16-char' }
    expect(await run(address, env)).toMatchObject({
      state: 'fail',
      found: '203.0.113.7 is not an address of this machine',
      advice: expect.stringContaining('VIVAVOCE_HOST'),
    })
  })

  test('[CM26] directories that can be written are ok', async () => {
    for (const check of [dataDirectory, cacheDirectory, claudeDirectory])
      expect(await run(check)).toMatchObject({ state: 'ok', found: expect.stringContaining(home) })
  })

  test('[CM40] the key is checked only where its directory can be used, so that one cause is one failure', async () => {
    expect(key.needs).toContain('dataDirectory')
    expect((await run(dataDirectory)).facts).toHaveProperty('dataDirectory')
  })

  test('[CM26] a data directory that cannot be written is a failure; of the others it is a warning', async () => {
    await writeFile(join(home, 'file'), '')
    const env = { VIVAVOCE_DATA_DIR: join(home, 'file/x'), XDG_CACHE_HOME: join(home, 'file') }
    expect(await run(dataDirectory, env)).toMatchObject({
      state: 'fail',
      found: `no file can be written in ${join(home, 'file/x')}: not a directory`,
      advice: expect.stringContaining('VIVAVOCE_DATA_DIR'),
    })
    expect(await run(cacheDirectory, env)).toMatchObject({
      state: 'warn',
      advice: expect.stringContaining('XDG_CACHE_HOME'),
    })
    await mkdir(join(home, 'locked'), { mode: 0o755 })
    await chmod(home, 0o755)
    using _nobody = asNobody()
    expect(await run(claudeDirectory, { HOME: join(home, 'locked') })).toMatchObject({
      state: 'warn',
      found: `no file can be written in ${join(home, 'locked')}: permission denied`,
      advice: expect.stringContaining('CLAUDE_CONFIG_DIR'),
    })
    expect(await run(claudeDirectory, { HOME: join(home, 'nowhere/at/all') })).toMatchObject({ state: 'warn' })
  })

  test('[CM26] a data directory that a server uses is a warning', async () => {
    const { dataDirectory: path } = configOf()
    const locked = await lockDirectory(path)
    if (!locked.ok) throw new Error('it is locked')
    await using _lock = locked.lock
    const found = `${path} is in use by a server (process ${process.pid} `
    expect(await run(dataDirectory)).toMatchObject({
      state: 'warn',
      found: expect.stringContaining(found),
      advice: expect.stringContaining('Stop that server'),
    })
    expect(await run(dataDirectory, {}, { isRunning: true })).toMatchObject({
      advice: expect.stringContaining('the server on the address above'),
    })
  })
})

describe('the setup', () => {
  test('[CM27] every problem of the configuration is a line', async () => {
    const check = configuration({ HOME: home, VIVAVOCE_PROT: '1' }, { VIVAVOCE_PORT: 'x' })
    const finding = await check.run({ facts: {}, signal })
    expect(finding).toMatchObject({ state: 'fail', found: 'it cannot be used' })
    expect(finding.advice?.split('\n')).toEqual([
      '--port: a whole number is expected',
      expect.stringContaining('VIVAVOCE_PROT: there is no such setting'),
    ])
    expect(await configuration({ HOME: home }, {}).run({ facts: {}, signal })).toMatchObject({ state: 'ok' })
  })

  test('[CM27] agents are named with their kind; broken ones are named with file and line', async () => {
    expect(await run(agents)).toMatchObject({ state: 'ok', found: 'conversational (chat), recruiter-triage (tools)' })
    await writeFile(join(home, 'bad.md'), 'no front matter\n')
    expect(await run(agents, { VIVAVOCE_AGENTS_DIR: home })).toMatchObject({
      state: 'fail',
      advice: expect.stringMatching(/^bad\.md:1: /),
    })
  })

  test('[CM28] a store that cannot be reached is a failure without its password', async () => {
    expect(await run(store)).toMatchObject({ state: 'ok', found: 'in the data directory' })
    const finding = await run(store, { DATABASE_URL: 'postgres://me:HIDDEN@127.0.0.1:9/x' })
    expect(finding).toMatchObject({ state: 'fail', found: expect.stringMatching(/ECONNREFUSED/) })
    expect(JSON.stringify(finding)).not.toContain('HIDDEN')
  })
})

describe('the CLI', () => {
  test('[CM24] a CLI that is not there is a failure with the way to install it', async () => {
    expect(await run(claude, { VIVAVOCE_CLAUDE_BIN: '/nonexistent' })).toMatchObject({
      state: 'fail',
      advice: expect.stringContaining('npm install -g @anthropic-ai/claude-code'),
    })
  })

  test('[CM40] the key is set, will be made, is kept in a file, or that file cannot be used', async () => {
    const path = join(home, '.local/share/vivavoce/api-key')
    const set = { state: 'ok', found: 'set by API_BEARER_TOKEN or VIVAVOCE_TENANTS' }
    expect(await run(key, { API_BEARER_TOKEN: 'k' })).toMatchObject(set)
    expect(await run(key, { VIVAVOCE_TENANTS: 'a=k' })).toMatchObject(set)
    expect(await run(key)).toMatchObject({ state: 'ok', found: `not set; the first start makes one in ${path}` })
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, `vv-${'0'.repeat(32)}\n`)
    expect(await run(key)).toMatchObject({ state: 'ok', found: `not set; the one in ${path} is used` })
    await writeFile(path, 'SECRET')
    const { state, advice } = await run(key)
    expect([state, advice]).toEqual(['fail', expect.stringMatching(/api-key cannot be used: .*Remove the file/)])
    expect(advice).not.toContain('SECRET')
  })

  test('[CM24] a capability that is missing or unknown is a warning with its cost', () => {
    expect(capabilitiesFinding([])).toMatchObject({ state: 'ok' })
    const tools = { capability: 'tools', status: 'missing', cost: 'Requests with tools get 503.' } as const
    expect(capabilitiesFinding([tools])).toMatchObject({
      state: 'warn',
      found: '1 of them is missing or unknown',
      advice: 'tools is missing: Requests with tools get 503.\nInstall a newer Claude Code CLI to have them.',
    })
    expect(capabilitiesFinding([tools, { ...tools, capability: 'rewind', status: 'unknown' }])).toMatchObject({
      found: '2 of them are missing or unknown',
      advice: expect.stringMatching(/\nrewind is unknown: .*\nRun `vivavoce doctor --probe`/),
    })
  })

  test.each([
    ['cli_not_logged_in', {}, 'fail', /not logged in/, /claude setup-token/],
    ['insufficient_quota', {}, 'warn', /usage limit/, /429/],
    ['rate_limit_exceeded', {}, 'warn', /busy/, /later/],
    ['overloaded', {}, 'warn', /busy/, /later/],
    ['timeout', {}, 'fail', /within 60 s/, /HTTPS_PROXY/],
    [
      'upstream_failed',
      { words: 'API Error: Connection error. (ECONNREFUSED)' },
      'fail',
      /cannot be reached \(API Error/,
      /network/,
    ],
    ['cli_failed', { stderr: 'getaddrinfo ENOTFOUND api.anthropic.com' }, 'fail', /cannot be reached/, /network/],
    ['upstream_failed', { words: 'API Error: 500' }, 'fail', /\(API Error: 500\)/, /claude -p/],
    ['upstream_refused', {}, 'fail', /x/, /claude -p/],
  ] as const)('[CM29] a turn that fails with %s %j', (code, details, state, found, advice) => {
    const finding = turnFinding(new GatewayError(code, 'x', { details }), {})
    expect(finding.state).toBe(state)
    expect(finding.found).toMatch(found)
    expect(finding.advice).toMatch(advice)
  })

  test('[CM29] a set ANTHROPIC_BASE_URL is named where the network may be at fault', () => {
    const finding = turnFinding(new GatewayError('timeout', 'x'), { ANTHROPIC_BASE_URL: 'http://x' })
    expect(finding.advice).toContain('ANTHROPIC_BASE_URL is set')
  })
})
