/** A gateway on the real CLI with a rehearsal behind it, on free loopback ports, and what a test needs to look inside. */
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { loadConfig } from '../../src/config/index.ts'
import type { Observation } from '../../src/core/index.ts'
import { isAlive } from '../../src/lib/is-alive.ts'
import type { Gateway, GatewayOptions } from '../../src/main.ts'
import {
  REHEARSAL_KEY,
  startRehearsal,
  toBlocks,
  type Rehearsal,
  type RehearsedRequest,
} from '../../src/rehearsal/index.ts'
import { startReadyGateway } from './ready-gateway.ts'

export const KEY = 'test-key'
const DEADLINE_MS = 30_000

type Ended = Extract<Observation, { type: 'process-ended' }>

export interface Stage extends AsyncDisposable {
  readonly gateway: Gateway
  readonly rehearsal: Rehearsal
  /** Everything of this stage is below it. */
  readonly directory: string
  readonly observations: readonly Observation[]
  /** A request with the key; a body is sent as JSON. */
  fetch(
    path: string,
    options?: {
      readonly body?: unknown
      readonly method?: string
      readonly signal?: AbortSignal
      readonly headers?: Record<string, string>
    },
  ): Promise<Response>
  /** Waits until `found` finds something, looking at every observation and every few milliseconds. */
  until<T>(found: () => T | undefined | false): Promise<T>
  /** The processes of the CLI that ended, oldest first. */
  ended(): readonly Ended[]
  /** The messages of a request to the model, `user: one | assistant: two`, without what the CLI adds of itself. */
  told(body: RehearsedRequest['body'] | undefined): string
  close(): Promise<void>
}

export { isAlive }

export const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until `found` answers with something; fails when that takes too long. */
export async function until<T>(
  found: () => T | undefined | false | Promise<T | undefined | false>,
  { ms = DEADLINE_MS }: { readonly ms?: number } = {},
): Promise<T> {
  const lateMs = Date.now() + ms
  for (;;) {
    const value = await found()
    if (value !== undefined && value !== false) return value
    if (Date.now() > lateMs) throw new Error(`waited ${ms} ms in vain for ${found.toString()}`)
    await delay(5)
  }
}

/** Blocks of one message are joined by ` + `; the CLI ends one that another follows with a line break. */
const told: Stage['told'] = (body) =>
  (body?.messages ?? [])
    .filter(({ role }) => role !== 'system')
    .map(({ role, content }) => {
      const texts = toBlocks(content).map(({ text, type }) => text ?? `<${type}>`)
      const own = texts.filter((text) => !text.startsWith('<system-reminder>\nAs you answer'))
      return {
        role,
        text: own.map((text, index) => (index < own.length - 1 ? text.replace(/\n$/, '') : text)).join(' + '),
      }
    })
    .filter(({ text }) => text !== '')
    .map(({ role, text }) => `${role}: ${text}`)
    .join(' | ')

/** How many servers, connections, children and timers keep this process. */
const held = (): number =>
  process
    .getActiveResourcesInfo()
    .filter((name) => ['TCPServerWrap', 'TCPSocketWrap', 'ProcessWrap', 'Timeout'].includes(name)).length

export interface StageOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Stands in for a directory that outlives one gateway. */
  readonly directory?: string
  readonly pace?: GatewayOptions['pace']
}

/** Starts a stage. Closing it checks that nothing is left. */
export async function startStage({ env = {}, directory: given, pace }: StageOptions = {}): Promise<Stage> {
  const directory = given ?? (await mkdtemp(join(tmpdir(), 'vivavoce-test-')))
  const before = held()
  const rehearsal = await startRehearsal()
  const observations: Observation[] = []
  const config = loadConfig({
    PATH: process.env['PATH'],
    HOME: directory,
    TMPDIR: tmpdir(),
    LANG: 'C.UTF-8',
    ANTHROPIC_BASE_URL: rehearsal.url,
    ANTHROPIC_API_KEY: REHEARSAL_KEY,
    CLAUDE_CONFIG_DIR: join(directory, 'claude'),
    // What a CLI can do is found out once for the whole suite.
    XDG_CACHE_HOME: join(tmpdir(), 'cache'),
    VIVAVOCE_DATA_DIR: join(directory, 'data'),
    VIVAVOCE_PORT: '0',
    VIVAVOCE_HEADER_HOLD_MS: '4000',
    API_BEARER_TOKEN: KEY,
    ...env,
  })
  const observer = { observe: (observation: Observation) => observations.push(observation) }
  const gateway = await startReadyGateway(config, { observer, ...(pace === undefined ? {} : { pace }) }).catch(
    async (error: unknown) => {
      await rehearsal.close()
      if (given === undefined) await rm(directory, { recursive: true, force: true })
      throw error
    },
  )
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await gateway.close()
    await rehearsal.close()
    const pids = observations.flatMap((seen) => (seen.type === 'process-started' ? [seen.pid] : []))
    expect(pids.filter(isAlive), 'processes that are left').toEqual([])
    const workspaces = join(directory, 'data', 'workspaces')
    expect(
      existsSync(workspaces) ? (await readdir(workspaces)).filter((name) => name !== 'base') : [],
      'workspaces that are left',
    ).toEqual([])
    if (given === undefined) await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    await until(() => held() <= before)
  }
  const closeOnce = (): Promise<void> => (closing ??= close())
  return {
    gateway,
    rehearsal,
    directory,
    observations,
    fetch: (path, { body, method, signal, headers } = {}) =>
      fetch(gateway.url + path, {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      }),
    until,
    ended: () => observations.filter((seen): seen is Ended => seen.type === 'process-ended'),
    told,
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  }
}
