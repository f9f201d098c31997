import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { REHEARSAL_KEY, startRehearsal, type Rehearsal } from '../../src/rehearsal/index.ts'
import type { JobView } from '../support/jobs-on-stage.ts'
import { until } from '../support/stage.ts'

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
  await rm(home, { recursive: true, force: true, maxRetries: 5 })
})

async function serve() {
  const child = spawn(process.execPath, [bin, 'serve'], {
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      TMPDIR: tmpdir(),
      ANTHROPIC_BASE_URL: rehearsal.url,
      ANTHROPIC_API_KEY: REHEARSAL_KEY,
      VIVAVOCE_PORT: '0',
      MAX_CONCURRENCY: '1',
      API_BEARER_TOKEN: 'k',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  servers.push(child)
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  const url = await until(() => /"listening":"([^"]+)"/.exec(out)?.[1])
  const headers = { authorization: 'Bearer k' }
  return {
    look: async (id: string): Promise<JobView> =>
      (await (await fetch(`${url}/jobs/${id}`, { headers })).json()) as JobView,
    async submit(prompt: string): Promise<string> {
      const body = JSON.stringify({ prompt, agent: 'recruiter-triage' })
      const reply = await fetch(`${url}/execute`, { method: 'POST', headers, body })
      expect(reply.status).toBe(202)
      return ((await reply.json()) as { readonly job_id: string }).job_id
    },
    async stop(signal: NodeJS.Signals): Promise<void> {
      const closed = once(child, 'close')
      child.kill(signal)
      await closed
    },
  }
}

test(
  '[JB9] [JB10] a job of a server that is killed is taken up again within three heartbeats, and none that was acknowledged is lost',
  { timeout: 120_000 },
  async () => {
    const first = await serve()
    const running = await first.submit('count to 900 [rehearse slow=20]')
    await until(async () => (await first.look(running)).status === 'running')
    await until(() => rehearsal.requests.length > 0)
    const waiting = await Promise.all(['a', 'b', 'c'].map((text) => first.submit(`say exactly: ${text}`)))
    await first.stop('SIGKILL')
    const second = await serve()
    const startedAtMs = Date.now()
    // What waited does not wait for what was lost.
    for (const [index, id] of waiting.entries()) {
      const job = await until(async () => {
        const seen = await second.look(id)
        return seen.status === 'completed' && seen
      })
      expect(job).toMatchObject({ attempt: 1, output: ['a', 'b', 'c'][index] })
    }
    await until(async () => (await second.look(running)).attempt === 2)
    expect(Date.now() - startedAtMs).toBeLessThan(30_000)
    await second.stop('SIGTERM')
  },
)
