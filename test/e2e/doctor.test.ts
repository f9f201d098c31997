/** `vivavoce doctor` in a process of its own, with the real CLI. */
import { mkdtemp, mkdir, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { REHEARSAL_KEY } from '../../src/rehearsal/index.ts'
import { runCommand } from '../support/run-command.ts'
import { startStage, type Stage } from '../support/stage.ts'

let home = ''
let stage: Stage
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vivavoce-doctor-'))
  await mkdir(join(home, 'tmp'))
  stage = await startStage()
})
afterAll(async () => {
  await stage.close()
  expect((await readdir(join(home, 'tmp'))).filter((name) => name.startsWith('vivavoce-'))).toEqual([])
  await rm(home, { recursive: true, force: true })
})

const doctor = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runCommand(['doctor', ...args], {
    env: { HOME: home, TMPDIR: join(home, 'tmp'), XDG_CACHE_HOME: join(tmpdir(), 'cache'), VIVAVOCE_PORT: '0', ...env },
  })
const login = () => ({ ANTHROPIC_BASE_URL: stage.rehearsal.url, ANTHROPIC_API_KEY: REHEARSAL_KEY })

describe('vivavoce doctor', () => {
  test('[CM3] [CM29] with a login every check passes and every model answers', async () => {
    const { code, out, err } = await doctor([], login())
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^ok {4}login: the CLI is logged in; sonnet answered$/m)
    expect(out).toMatch(/^ok {4}models: haiku, sonnet, opus$/m)
    expect(out).not.toContain('FAIL')
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  })

  test('[CM29] without a login it says so, and how to log in; --offline does not ask', async () => {
    const { code, out } = await doctor([])
    expect(code).toBe(1)
    expect(out).toMatch(/^FAIL {2}login: the CLI is not logged in/m)
    expect(out).toContain('claude setup-token')
    expect(out).toMatch(/^skip {2}models: /m)
    const offline = await doctor(['--offline'])
    expect(offline.code).toBe(0)
    expect(offline.out).toMatch(/^skip {2}login: not checked, because of --offline$/m)
  })

  test('[CM25] [CM26] a gateway that runs on the same directory and port is a warning', async () => {
    const { port } = new URL(stage.gateway.url)
    const { code, out } = await doctor([
      '--offline',
      '--json',
      '--port',
      port,
      '--data-dir',
      join(stage.directory, 'data'),
    ])
    expect(code).toBe(0)
    const { ok, checks } = JSON.parse(out) as { ok: boolean; checks: { name: string; state: string; found: string }[] }
    expect(ok).toBe(true)
    const of = (name: string) => checks.find((check) => check.name === name)
    expect(of('address')).toMatchObject({ state: 'warn', found: expect.stringContaining('already listens on') })
    expect(of('data directory')).toMatchObject({ state: 'warn', found: expect.stringContaining('in use by a server') })
  })

  test('[CM23] what fails makes the exit code 1, in JSON too, and names what to do', async () => {
    const { port } = new URL(stage.rehearsal.url)
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
