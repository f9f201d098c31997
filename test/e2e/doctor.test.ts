/** `vivavoce doctor` in a process of its own, with the real CLI. */
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { REHEARSAL_KEY, startRehearsal, type Rehearsal } from '../../src/rehearsal/index.ts'
import { hasBubblewrap } from '../support/has-bubblewrap.ts'
import { runCommand, startCommand } from '../support/run-command.ts'
import { until } from '../support/stage.ts'

/** The first check of a CLI starts some ten processes, which takes minutes on a machine that does much else. */
const SLOW = { timeout: 300_000 }

let home = ''
let rehearsal: Rehearsal
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vivavoce-doctor-'))
  await mkdir(join(home, 'tmp'))
  rehearsal = await startRehearsal()
})
afterAll(async () => {
  await rehearsal.close()
  expect((await readdir(join(home, 'tmp'))).filter((name) => name.startsWith('vivavoce-'))).toEqual([])
  await rm(home, { recursive: true, force: true })
})

const environment = (): Readonly<Record<string, string>> => ({
  HOME: home,
  TMPDIR: join(home, 'tmp'),
  XDG_CACHE_HOME: join(tmpdir(), 'cache'),
  VIVAVOCE_PORT: '0',
})
const doctor = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runCommand(['doctor', ...args], { env: { ...environment(), ...env } })
const login = () => ({ ANTHROPIC_BASE_URL: rehearsal.url, ANTHROPIC_API_KEY: REHEARSAL_KEY })

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return address === null || typeof address === 'string' ? '' : String(address.port)
}

describe('vivavoce doctor', () => {
  test('[CM3] [CM29] with a login every check passes and every model answers', SLOW, async () => {
    const { code, out, err } = await doctor([], login())
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^ok {4}login: the CLI is logged in; sonnet answered$/m)
    expect(out).toMatch(/^ok {4}models: haiku, sonnet, opus$/m)
    expect(out).not.toContain('FAIL')
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  })

  test.skipIf(!hasBubblewrap)('[SB19] it reports the sandbox and the limits of a run', SLOW, async () => {
    const { out } = await doctor(['--offline'])
    expect(out.replaceAll(/\s+/g, ' ')).toMatch(
      /(ok|warn) sandbox: bubblewrap \d[\d.]* \(\/\S+bwrap\); by (cgroup a run|prlimit a process) has at most \d+ MiB of memory/,
    )
  })

  test('[CM29] without a login it says so, and how to log in; --offline does not ask', SLOW, async () => {
    const { code, out } = await doctor([])
    expect(code).toBe(1)
    expect(out).toMatch(/^FAIL {2}login: the CLI is not logged in/m)
    expect(out).toContain('claude setup-token')
    expect(out).toMatch(/^skip {2}models: /m)
    const offline = await doctor(['--offline'])
    expect(offline.code).toBe(0)
    expect(offline.out).toMatch(/^skip {2}login: not checked, because of --offline$/m)
  })

  test('[CM25] [CM26] a gateway on the same directory and port is a warning', SLOW, async () => {
    const port = await freePort()
    const where = ['--port', port, '--data-dir', join(home, 'data')]
    await using serving = startCommand(['serve', '--rehearsal', ...where], { env: environment() })
    await until(() =>
      fetch(`http://127.0.0.1:${port}/health`).then(
        () => true,
        () => false,
      ),
    )
    const { code, out } = await doctor(['--offline', '--json', ...where])
    expect(code).toBe(0)
    const { ok, checks } = JSON.parse(out) as { ok: boolean; checks: { name: string; state: string; found: string }[] }
    expect(ok).toBe(true)
    const of = (name: string) => checks.find((check) => check.name === name)
    expect(of('address')).toMatchObject({ state: 'warn', found: expect.stringContaining('already listens on') })
    expect(of('data directory')).toMatchObject({ state: 'warn', found: expect.stringContaining('in use by a server') })
    serving.kill('SIGTERM')
    expect((await serving.ended).code).toBe(0)
  })

  test('[CM23] what fails makes the exit code 1, in JSON too, and names what to do', SLOW, async () => {
    const { port } = new URL(rehearsal.url)
    const { code, out } = await doctor(['--offline', '--json', '--port', port, '--claude-bin', '/nonexistent'])
    expect(code).toBe(1)
    const { ok, checks } = JSON.parse(out) as {
      ok: boolean
      checks: { state: string; name: string; advice?: string }[]
    }
    expect(ok).toBe(false)
    const failed = checks.filter(({ state }) => state === 'fail')
    expect(failed.map(({ name }) => name)).toEqual(['address', 'claude'])
    for (const { advice } of failed) expect(advice).toMatch(/\.$/)
  })
})
