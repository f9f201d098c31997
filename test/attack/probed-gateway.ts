/** A gateway in a process of its own, on the real CLI with a rehearsal behind it, whose event loop is watched from within. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { REHEARSAL_KEY, startRehearsal } from '../../src/rehearsal/index.ts'
import { until } from '../support/stage.ts'
import type { ProbeReport } from './loop-probe.ts'

export const KEY = 'attack-key'
export const QUIET_KEY = 'key-of-the-quiet-tenant'

export interface Reply {
  readonly status: number
  readonly text: string
}

export interface ProbedGateway extends AsyncDisposable {
  readonly url: string
  /** Sends a body as it is; `status` 0 where the connection broke. */
  post(
    path: string,
    body: Uint8Array | string,
    options?: { readonly headers?: Record<string, string>; readonly signal?: AbortSignal },
  ): Promise<Reply>
  /** What was seen since this was asked last. */
  report(): Promise<ProbeReport>
}

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export async function startProbedGateway(env: Readonly<Record<string, string>> = {}): Promise<ProbedGateway> {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-attack-'))
  const rehearsal = await startRehearsal()
  const child = spawn(process.execPath, ['--import', file('./loop-probe.ts'), file('../../src/cli/bin.ts'), 'serve'], {
    env: {
      PATH: process.env['PATH'],
      HOME: directory,
      TMPDIR: tmpdir(),
      LANG: 'C.UTF-8',
      ANTHROPIC_BASE_URL: rehearsal.url,
      ANTHROPIC_API_KEY: REHEARSAL_KEY,
      CLAUDE_CONFIG_DIR: join(directory, 'claude'),
      XDG_CACHE_HOME: join(tmpdir(), 'cache'),
      VIVAVOCE_DATA_DIR: join(directory, 'data'),
      VIVAVOCE_PORT: '0',
      VIVAVOCE_ALLOW_UNSANDBOXED: '1',
      // A busy machine takes its time until an early failure, which is to have a status.
      VIVAVOCE_HEADER_HOLD_MS: '4000',
      API_BEARER_TOKEN: KEY,
      VIVAVOCE_TENANTS: `quiet=${QUIET_KEY}`,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let out = ''
  let log = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-10_000)))
  const url = await until(
    () => {
      if (child.exitCode !== null) throw new Error(`the gateway ended: ${log}`)
      return /"listening":"([^"]+)"/.exec(out)?.[1]
    },
    { ms: 120_000 },
  )
  const agent = new Agent({ keepAlive: true })
  return {
    url,
    post: (path, body, { headers = {}, signal } = {}) =>
      new Promise((resolve) => {
        const sent = request(url + path, {
          method: 'POST',
          agent,
          headers: {
            authorization: `Bearer ${KEY}`,
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(body)),
            ...headers,
          },
          ...(signal === undefined ? {} : { signal }),
        })
        let status = 0
        let text = ''
        sent.on('response', (response) => {
          status = response.statusCode ?? 0
          response.setEncoding('utf8').on('data', (piece: string) => (text = (text + piece).slice(0, 10_000)))
          response.on('error', () => undefined)
        })
        sent.on('error', (error) => (text ||= error.message))
        sent.on('close', () => resolve({ status, text }))
        sent.end(body)
      }),
    async report() {
      const answer = once(child, 'message')
      child.send('report')
      const [report] = (await answer) as [ProbeReport]
      return report
    },
    async [Symbol.asyncDispose]() {
      agent.destroy()
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
      await rehearsal.close()
      await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
