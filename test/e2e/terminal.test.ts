/** What `vivavoce serve` shows: to people on a terminal, to programs elsewhere. */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify, stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hasPseudoTerminal, startOnTerminal, type OnTerminal } from '../support/pseudo-terminal.ts'
import { startCommand } from '../support/run-command.ts'
import { until } from '../support/stage.ts'
import { wrapCli } from '../support/wrapped-cli.ts'

/** A verification starts a dozen processes; on a busy machine each takes seconds. */
const SLOW = { ms: 300_000 }
const TIMEOUT = { timeout: 900_000 }
const KEY = /vv-[0-9a-f]{32}/

let home: string
let environment: Readonly<Record<string, string>>
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vivavoce-terminal-'))
  environment = {
    HOME: home,
    TMPDIR: home,
    XDG_CACHE_HOME: join(tmpdir(), 'cache'),
    VIVAVOCE_DATA_DIR: join(home, 'data'),
    VIVAVOCE_PORT: '0',
  }
})
afterEach(() => rm(home, { recursive: true, force: true, maxRetries: 5 }))

const keptKey = async (): Promise<string> => (await readFile(join(home, 'data', 'api-key'), 'utf8')).trimEnd()

/** The screen without colours, once it matches. */
const shows = (terminal: OnTerminal, pattern: RegExp): Promise<string> =>
  until(() => {
    const screen = stripVTControlCharacters(terminal.screen())
    return pattern.test(screen) && screen
  }, SLOW)

/** The text of the response to the command that stands on the screen. */
async function paste(screen: string): Promise<string> {
  const command = /^ +curl (?:.*\\\n)*.*$/m.exec(screen)?.[0] ?? 'exit 1'
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command])
  expect(stdout).toMatch(/data: \[DONE\]\n\n$/)
  return [...stdout.matchAll(/"content":"([^"]*)"/g)].map(([, text]) => text).join('')
}

describe.skipIf(!hasPseudoTerminal)('on a terminal (needs `script` of util-linux)', () => {
  test(
    '[CM34] [CM35] [CM36] [CM37] [CM38] [LG9] a start shows its progress, a banner and a log for people',
    TIMEOUT,
    async () => {
      await using terminal = startOnTerminal(['serve', '--rehearsal'], { env: environment })
      const screen = await shows(terminal, /Login .*\n/)
      const key = await keptKey()
      expect(screen).toMatch(/^vivavoce \d\S+ starts\n +0s {2}verifying that the Claude Code CLI is safe/)
      expect(screen).toMatch(/^ {2}vivavoce \d\S+ {2}ready after \d+s$/m)
      expect(screen).toMatch(/^ {2}Base URL {2}http:\/\/127\.0\.0\.1:\d+\/v1$/m)
      expect(screen).toContain(`\n  Key       ${key}\n            kept in ${join(home, 'data', 'api-key')}\n`)
      expect(screen).toMatch(/^ {2}CLI {7}Claude Code \d+\.\d+\.\d+\n {12}\//m)
      expect(screen).toMatch(/^ {2}Login {5}not needed: a rehearsal/m)
      expect(terminal.screen()).toContain('\u001b[')
      const page = /^ {2}Page {6}(http:\S+\/)$/m.exec(screen)?.[1] ?? ''
      expect(await (await fetch(page)).text()).toContain('<title>vivavoce</title>')
      expect(await paste(screen)).toBe('This is a rehearsal. You said: Hello!')
      const logged = await shows(terminal, /request-finished method=POST/)
      expect(logged).toMatch(
        /^\d\d:\d\d:\d\d info {2}request-finished method=POST path=\/v1\/chat\/completions status=200 /m,
      )
      expect(logged).not.toMatch(/^\{/m)
      // Once as the key, once in the command.
      expect(logged.split(key)).toHaveLength(3)
      terminal.interrupt()
      expect(await terminal.exitCode).toBe(0)
      expect(stripVTControlCharacters(terminal.screen())).toMatch(/info {2}stopping signal=SIGINT\n$/)

      await using again = startOnTerminal(['serve', '--rehearsal'], { env: { ...environment, NO_COLOR: '1' } })
      const second = await shows(again, /Login .*\n/)
      expect(second).toContain(`\n  Key       ${key}\n`)
      expect(await paste(second)).toBe('This is a rehearsal. You said: Hello!')
      await shows(again, /request-finished/)
      expect(again.screen()).not.toContain('\u001b')
      again.interrupt()
      expect(await again.exitCode).toBe(0)
    },
  )

  test.each([
    [{}, 'not logged in; `npx vivavoce doctor` says what to do'],
    [{ ANTHROPIC_API_KEY: 'sk-ant-NO-REAL-KEY' }, 'logged in with an API key'],
  ])('[CM37] the CLI says whether it is logged in: %j', TIMEOUT, async (login, words) => {
    // No request leaves this machine.
    const env = { ...environment, ANTHROPIC_BASE_URL: 'http://127.0.0.1:9', ...login }
    await using terminal = startOnTerminal(['serve'], { env })
    expect(await shows(terminal, /^ {2}Login .*\n/m)).toContain(`\n  Login     ${words}\n`)
    terminal.interrupt()
    expect(await terminal.exitCode).toBe(0)
    expect(terminal.screen()).not.toContain('NO-REAL-KEY')
  })

  test('[CM36] while a slow CLI is verified, the screen says what goes on and for how long', TIMEOUT, async () => {
    const go = join(home, 'go')
    const lines = `while [ "$COUNT" = 1 ] && [ ! -e '${go}' ]; do sleep 0.1; done`
    const { path } = await wrapCli({ directory: home, name: 'claude', lines })
    const env = { ...environment, VIVAVOCE_CLAUDE_BIN: path }
    await using terminal = startOnTerminal(['serve', '--rehearsal'], { env })
    const waiting = await shows(terminal, /^ +\d+s {2}asking for its version$/m)
    expect(waiting).not.toContain('ready after')
    await writeFile(go, '')
    await shows(terminal, /ready after \d+s\n/)
    terminal.interrupt()
    expect(await terminal.exitCode).toBe(0)
  })

  test('[LG1] [LG9] a log that goes to a file stays JSON', TIMEOUT, async () => {
    const file = join(home, 'log')
    await using terminal = startOnTerminal(['serve', '--rehearsal'], { env: environment, more: `2>'${file}'` })
    await shows(terminal, /Login .*\n/)
    await until(async () => (await readFile(file, 'utf8')).includes('"serving"'))
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    const events = lines.map((line) => (JSON.parse(line) as { msg: string }).msg)
    for (const event of ['cli-verification-started', 'cli-verification-finished', 'serving'])
      expect(events).toContain(event)
    expect(lines.join('\n')).not.toMatch(KEY)
    terminal.interrupt()
    expect(await terminal.exitCode).toBe(0)
  })
})

describe('elsewhere', () => {
  const serve = (env: Readonly<Record<string, string>> = {}) =>
    startCommand(['serve', '--rehearsal'], { env: { ...environment, API_BEARER_TOKEN: '', ...env } })

  test(
    '[CM1] [CF5] [CF15] [CF17] [LG1] stdout is JSON, stderr the log and, once in all, the key',
    TIMEOUT,
    async () => {
      let key = ''
      for (const isFirst of [true, false]) {
        await using running = serve()
        await until(() => /"msg":"serving"/.test(running.err()), SLOW)
        const [first = '', ...others] = running.out().trimEnd().split('\n')
        expect(first).toMatch(/^\{"listening":"http:\/\/127\.0\.0\.1:\d+"\}$/)
        expect(others).toEqual([expect.stringMatching(/^\{"rehearsal":"http:[^"]+"\}$/)])
        const { listening } = JSON.parse(first) as { listening: string }
        key ||= await keptKey()
        const path = join(home, 'data', 'api-key')
        expect((await stat(path)).mode & 0o777).toBe(0o600)
        expect(await keptKey()).toBe(key)
        expect((await fetch(`${listening}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(
          200,
        )
        running.kill('SIGTERM')
        const { code, err } = await running.ended
        expect(code).toBe(0)
        const lines = err.trimEnd().split('\n')
        const plain = lines.filter((line) => !line.startsWith('{'))
        expect(plain).toEqual(
          isFirst
            ? [`vivavoce: API_BEARER_TOKEN is not set; callers present the key ${key}, which is kept in ${path}`]
            : [],
        )
        const log = lines.filter((line) => line.startsWith('{'))
        expect(log.map((line) => JSON.parse(line) as unknown)).toContainEqual(
          expect.objectContaining({ msg: 'serving', url: listening, keyFile: path }),
        )
        expect(log.join('\n')).not.toContain(key)
      }
    },
  )

  const temporaryDirectories = async (): Promise<readonly string[]> =>
    (await readdir(home)).filter((name) => name.startsWith('vivavoce-'))

  test('[CM42] the two signals of one Ctrl-C stop it once, and nothing stays', TIMEOUT, async () => {
    await using running = serve({ VIVAVOCE_DATA_DIR: '' })
    await until(() => running.out().includes('listening'), SLOW)
    expect(await temporaryDirectories()).toHaveLength(1)
    running.kill('SIGINT')
    running.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
    expect(await temporaryDirectories()).toEqual([])
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('[CM41] a demo that %s stops leaves nothing', TIMEOUT, async (name, exitCode) => {
    await using running = startCommand(['demo'], { env: environment })
    await until(() => running.out().includes('Claude Code'), SLOW)
    running.kill(name)
    const { code, err } = await running.ended
    expect([code, err]).toEqual([exitCode, expect.stringMatching(/vivavoce: interrupted\n$/)])
    expect(await temporaryDirectories()).toEqual([])
  })

  test('[CF16] a key file without a key ends the start with one message', async () => {
    await using first = serve()
    await until(() => first.out().includes('listening'), SLOW)
    first.kill('SIGTERM')
    await first.ended
    await writeFile(join(home, 'data', 'api-key'), '')
    await using second = serve()
    const { code, err } = await second.ended
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^vivavoce: .*\n.*api-key cannot be used: .* new key, or set/),
    ])
    expect(err).not.toContain('    at ')
  })

  test.each(['stdout', 'stderr'] as const)('[CM39] it serves on when nobody reads its %s', TIMEOUT, async (name) => {
    await using running = serve({ API_BEARER_TOKEN: 'test-key' })
    running.stopReading(name)
    const url = await until(() => /"(?:listening|url)":"(http:[^"]+)"/.exec(running.out() + running.err())?.[1], SLOW)
    const response = await fetch(`${url}/v1/models`, { headers: { authorization: 'Bearer test-key' } })
    expect(response.status).toBe(200)
    running.kill('SIGTERM')
    const { code, err } = await running.ended
    expect(code).toBe(0)
    expect(err).not.toMatch(/EPIPE|    at /)
  })
})
