import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { REHEARSAL_KEY, startRehearsal, type Rehearsal } from '../../src/rehearsal/index.ts'
import { watchChild } from '../oracle/watch-child.ts'
import { isAlive, until } from '../support/stage.ts'

const bin = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url))
let home: string
let rehearsal: Rehearsal
const servers: ChildProcess[] = []
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vivavoce-crash-'))
  rehearsal = await startRehearsal()
})
afterAll(async () => {
  for (const server of servers) if (server.exitCode === null && server.signalCode === null) server.kill('SIGKILL')
  await rehearsal.close()
  const violations = watched().violations()
  await rm(home, { recursive: true, force: true })
  expect(violations).toEqual([])
})

const watched = () => watchChild(join(home, 'violations'))

async function serve() {
  const child = spawn(process.execPath, [bin, 'serve'], {
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      TMPDIR: tmpdir(),
      ANTHROPIC_BASE_URL: rehearsal.url,
      ANTHROPIC_API_KEY: REHEARSAL_KEY,
      VIVAVOCE_PORT: '0',
      VIVAVOCE_LOG_LEVEL: 'debug',
      API_BEARER_TOKEN: 'k',
      ...watched().env,
    },
  })
  servers.push(child)
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const url = await until(() => /"listening":"([^"]+)"/.exec(out)?.[1])
  const post = (path: string, body: object) =>
    fetch(url + path, { method: 'POST', headers: { authorization: 'Bearer k' }, body: JSON.stringify(body) })
  const get = (path: string) => fetch(url + path, { headers: { authorization: 'Bearer k' } })
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
  }
  return { post, get, stop, err: () => err }
}

test('[CV4] [CV5] [CV12] [DO4] [LG2] [WP15] a server that is killed loses no answered turn, and the next one ends what it left', async () => {
  const first = await serve()
  const say = (server: typeof first, message: string) => server.post('/v1/conversational', { session_id: 's', message })
  expect((await say(first, 'remember one')).status).toBe(200)
  const broken = say(first, 'count to 900 [rehearse slow=50]').catch(() => undefined)
  const run = first
    .post('/v1/chat/completions', {
      model: 'recruiter-triage/haiku',
      messages: [{ role: 'user', content: 'count to 901 [rehearse slow=50]' }],
    })
    .catch(() => undefined)
  await until(() => rehearsal.requests.length === 3)
  const pids = [...first.err().matchAll(/"pid":(\d+),"agent":"[^"]*","model":"[^"]*","msg":"process-started"/g)].map(
    ([, pid]) => Number(pid),
  )
  const alive = pids.filter(isAlive)
  await first.stop('SIGKILL')
  await Promise.all([broken, run])
  // Those that were idle end with their input; the two that are in the middle of an answer go on.
  const left = await until(() => alive.filter(isAlive).length === 2 && alive.filter(isAlive))
  expect(left).toHaveLength(2)

  const second = await serve()
  expect(alive.filter(isAlive)).toEqual([])
  expect(
    (await readdir(join(home, '.local', 'share', 'vivavoce', 'workspaces'))).filter((name) => name.startsWith('run-')),
  ).toEqual([])
  // The turn that was under way holds the conversation until its claim runs out, at the most.
  expect(await (await say(second, 'recall')).json()).toEqual({ session_id: 's', reply: 'remember one' })
  const { messages } = (await (await second.get('/v1/conversational/s')).json()) as {
    readonly messages: readonly { readonly role: string; readonly content: string }[]
  }
  expect(messages.filter(({ role }) => role === 'user').map(({ content }) => content)).toEqual([
    'remember one',
    'recall',
  ])
  await second.stop('SIGTERM')
})
