/** SIGHUP: keys, agents and the log level are read again while the server serves. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasPseudoTerminal, startOnTerminal } from '../support/pseudo-terminal.ts'
import { startCommand, type Running } from '../support/run-command.ts'
import { until } from '../support/stage.ts'

const OLD = 'key-of-yesterday-0001'
const NEW = 'key-of-today-00000002'
const TIMEOUT_MS = 240_000

let home: string
let file: string
let running: Running
let url: string

const agent = (name: string): Promise<void> =>
  writeFile(join(home, 'agents', `${name}.md`), `---\nname: ${name}\ndescription: d\n---\nBe kind.\n`)

const settings = (lines: readonly string[]): Promise<void> => writeFile(file, `${lines.join('\n')}\n`)

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vivavoce-reload-'))
  file = join(home, 'settings')
  await mkdir(join(home, 'agents'))
  await agent('conversational')
  await settings([`API_BEARER_TOKEN=${OLD}`, 'VIVAVOCE_LOG_LEVEL=info', 'VIVAVOCE_TENANTS=guest=key-of-the-guest-01'])
  running = startCommand(['serve', '--rehearsal'], {
    env: {
      API_BEARER_TOKEN: '',
      HOME: home,
      TMPDIR: tmpdir(),
      XDG_CACHE_HOME: join(tmpdir(), 'cache'),
      VIVAVOCE_PORT: '0',
      VIVAVOCE_POOL_MAX: '0',
      VIVAVOCE_AGENTS_DIR: join(home, 'agents'),
      VIVAVOCE_CONFIG: file,
    },
  })
  url = await until(() => /"listening":"([^"]+)"/.exec(running.out())?.[1], { ms: TIMEOUT_MS })
}, TIMEOUT_MS)
afterAll(async () => {
  await running[Symbol.asyncDispose]()
  await rm(home, { recursive: true, force: true, maxRetries: 5 })
})

const models = async (key: string): Promise<{ readonly status: number; readonly ids: readonly string[] }> => {
  const reply = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })
  const { data = [] } = (await reply.json()) as { readonly data?: readonly { readonly id: string }[] }
  return { status: reply.status, ids: data.map(({ id }) => id) }
}

/** Sends the signal and waits for the line of the log that tells what came of it. */
async function reload(): Promise<Readonly<Record<string, unknown>>> {
  const before = running.err().length
  running.kill('SIGHUP')
  return await until(() => {
    const line = running
      .err()
      .slice(before)
      .split('\n')
      .find((one) => one.includes('"msg":"settings-reload'))
    return line === undefined ? undefined : (JSON.parse(line) as Readonly<Record<string, unknown>>)
  })
}

test('[CF18] [CF19] at SIGHUP a new key and a new agent are there at once, and a removed key is gone', async () => {
  expect((await models(OLD)).status).toBe(200)
  await settings([`API_BEARER_TOKEN=${NEW}`, 'VIVAVOCE_LOG_LEVEL=debug', 'MAX_CONCURRENCY=3'])
  await agent('poet')
  expect(await reload()).toMatchObject({
    msg: 'settings-reloaded',
    tenants: ['default'],
    agents: ['conversational', 'poet', 'recruiter-triage'],
    restartFor: ['MAX_CONCURRENCY'],
  })
  expect((await models(OLD)).status).toBe(401)
  expect((await models('key-of-the-guest-01')).status).toBe(401)
  const now = await models(NEW)
  expect([now.status, now.ids]).toEqual([200, expect.arrayContaining(['poet/haiku'])])
  expect(running.err()).not.toContain(NEW)
})

test('[CF18] the log level is the new one', async () => {
  const ask = (): Promise<Response> =>
    fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${NEW}` },
      body: JSON.stringify({ model: 'poet/haiku', messages: [{ role: 'user', content: 'hello' }] }),
    })
  expect((await ask()).status).toBe(200)
  await until(() => running.err().includes('"msg":"process-started"'))
  await settings([`API_BEARER_TOKEN=${NEW}`, 'VIVAVOCE_LOG_LEVEL=error'])
  running.kill('SIGHUP')
  // What says so is below the new level.
  await until(async () => {
    const before = running.err().length
    await models(NEW)
    return running.err().length === before
  })
})

test('[CF20] a file that cannot be used leaves everything in force, and the log says why', async () => {
  await settings([`API_BEARER_TOKEN=${OLD}`, 'VIVAVOCE_PORTT=1'])
  const failed = await reload()
  expect(failed).toMatchObject({ msg: 'settings-reload-failed', reason: expect.stringContaining('VIVAVOCE_PORTT') })
  expect(JSON.stringify(failed)).not.toContain(OLD)
  expect([(await models(NEW)).status, (await models(OLD)).status]).toEqual([200, 401])
  await settings([`API_BEARER_TOKEN=${OLD}`])
  await writeFile(join(home, 'agents', 'broken.md'), 'no front matter')
  expect(await reload()).toMatchObject({ msg: 'settings-reload-failed', reason: expect.stringContaining('broken.md') })
  expect([(await models(NEW)).status, (await models(OLD)).status]).toEqual([200, 401])
  await rm(join(home, 'agents', 'broken.md'))
  expect(await reload()).toMatchObject({ msg: 'settings-reloaded' })
  expect([(await models(NEW)).status, (await models(OLD)).status]).toEqual([401, 200])
  running.kill('SIGTERM')
  expect((await running.ended).code).toBe(0)
})

test.skipIf(!hasPseudoTerminal)(
  '[CF21] a server that was started in a terminal ends when the terminal goes away',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'vivavoce-reload-'))
    const terminal = startOnTerminal(['serve', '--rehearsal'], {
      env: {
        HOME: directory,
        TMPDIR: directory,
        XDG_CACHE_HOME: join(tmpdir(), 'cache'),
        VIVAVOCE_DATA_DIR: join(directory, 'data'),
        VIVAVOCE_PORT: '0',
        VIVAVOCE_POOL_MAX: '0',
      },
    })
    const base = await until(() => /(http:\/\/127\.0\.0\.1:\d+)\/v1/.exec(terminal.screen())?.[1], { ms: TIMEOUT_MS })
    expect((await fetch(`${base}/health`)).status).toBe(200)
    await terminal[Symbol.asyncDispose]()
    await until(() =>
      fetch(`${base}/health`).then(
        () => false,
        () => true,
      ),
    )
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  },
  TIMEOUT_MS,
)
