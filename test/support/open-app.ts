/** The whole edge on fakes: a scripted engine behind a real admission, a clock in the test's hand, stores in memory. */
import { admitted, createAdmission, createKeyCheck, createWrongKeys } from '../../src/access/index.ts'
import { createConversations } from '../../src/conversations/index.ts'
import { GatewayError, type Agent, type Catalogue, type TurnEngine, type TurnRequest } from '../../src/core/index.ts'
import { createApp, createBackground, type AppDeps } from '../../src/http/index.ts'
import { createJobs } from '../../src/jobs/index.ts'
import { encodeJobCallback } from '../../src/wire/index.ts'
import { keepReply } from '../oracle/violations.ts'
import { watchResponse } from '../oracle/watch-response.ts'
import { createFakeWorkspaces, type FakeWorkspacesOptions } from './fake-workspaces.ts'
import { createManualClock } from './manual-clock.ts'
import { createMemoryConversations } from './memory-conversations.ts'
import { createMemoryJobs } from './memory-jobs.ts'
import { createRecordingObserver } from './recording-observer.ts'
import { createScriptedEngine, type Step } from './scripted-engine.ts'

export const KEY = 'vv-key'
/** Whose key that is. */
export const TENANT = 'default'
export const OTHER_KEY = 'vv-other-key'
/** Makes a request another tenant's. */
export const OTHER: RequestInit = { headers: { authorization: `Bearer ${OTHER_KEY}` } }
export const START_MS = 1_700_000_000_000
/** The rest of an event whose beginning filled a silence, as a whole event. */
export const afterSilence = (rest: string | undefined): string => `data: ${rest}`

/** A passing failure. */
export const busy = new GatewayError('overloaded', 'The model API is overloaded.')
/** The same as the last event of a turn. */
export const failed = (error: GatewayError): Step => ({ type: 'turn-failed', error })

const talker: Agent = { name: 'conversational', description: 'd', prompt: 'Be kind.', tools: [] }
export const doer: Agent = { name: 'recruiter-triage', description: 'd', prompt: 'Be exact.', tools: ['Read'] }

export interface AppOptions extends Partial<
  Pick<
    AppDeps,
    | 'callbackProblem'
    | 'clientAddress'
    | 'pushProblem'
    | 'corsOrigins'
    | 'jobCeilings'
    | 'headerHoldMs'
    | 'maxBodyBytes'
    | 'poolFigures'
    | 'rehearsal'
    | 'documents'
    | 'writeTimeoutMs'
    | 'cliState'
  >
> {
  readonly catalogue?: Catalogue
  readonly unstreamedAgent?: Agent
  readonly capacity?: number
  readonly maxWaiting?: number
  readonly maxQueued?: number
  /** Of the workspaces of jobs. */
  readonly workspaces?: FakeWorkspacesOptions
  /** Puts something between the scripted engine and the admission. */
  readonly wrap?: (engine: TurnEngine) => TurnEngine
}

export function openApp(
  script: (request: TurnRequest, index: number) => readonly Step[],
  {
    capacity = 10,
    maxWaiting = 10,
    maxQueued = 10,
    workspaces = {},
    wrap = (engine) => engine,
    catalogue = {
      models: ['haiku', 'sonnet', 'opus'],
      defaultModel: 'sonnet',
      aliases: [{ pattern: 'gpt-*', target: 'sonnet' }],
      agents: [talker, doer],
    },
    unstreamedAgent = talker,
    ...rest
  }: AppOptions = {},
) {
  const clock = createManualClock({ startMs: START_MS })
  const observer = createRecordingObserver()
  const engine = createScriptedEngine(script)
  const admission = createAdmission({ capacity, background: capacity, maxWaiting, keepsOne: false, clock })
  const admittedEngine = admitted(wrap(engine), { admission, clock })
  const store = createMemoryConversations({ clock })
  const jobStore = createMemoryJobs({ clock })
  const openStores = async () => ({ conversations: store, jobs: jobStore })
  const conversations = createConversations({ engine: admittedEngine, stores: openStores, clock, observer })
  const jobs = createJobs({
    engine,
    workspaces: createFakeWorkspaces(workspaces),
    room: admission.jobs,
    agents: () => [talker, doer],
    openStores,
    callbackBody: encodeJobCallback,
    clock,
    observer,
    ttlMs: 3_600_000,
    maxQueued,
    heartbeatMs: 10_000,
    maxFailures: 3,
    maxPerTenant: () => Infinity,
  })
  jobs.start({ eager: false })
  const background = createBackground({ observer })
  const stopping = new AbortController()
  const app = createApp({
    engine: admittedEngine,
    conversations,
    jobs,
    callbackProblem: () => undefined,
    pushProblem: () => undefined,
    admission,
    tenantOf: createKeyCheck([
      { tenant: TENANT, key: KEY },
      { tenant: 'other', key: OTHER_KEY },
    ]),
    wrongKeys: createWrongKeys({ clock }),
    poolFigures: () => undefined,
    offer: () => ({ catalogue, chatAgent: talker, unstreamedAgent, jobAgent: doer }),
    corsOrigins: [],
    talkerLimits: { firstTokenMs: 60_000, tokenGapMs: 30_000, turnMs: 120_000 },
    doerLimits: { turnMs: 900_000 },
    budgetUsd: 2,
    jobCeilings: { timeoutMs: 82_800_000, budgetUsd: Infinity },
    headerHoldMs: 1000,
    keepAliveMs: 10_000,
    writeTimeoutMs: 30_000,
    maxBodyBytes: 32 * 1024 * 1024,
    version: '1.2.3',
    documents: new Map([['README.md', '# vivavoce\n']]),
    cliState: () => ({ status: 'ready', version: '2.1.330', path: '/usr/bin/claude', missing: [] }),
    rehearsal: false,
    clientAddress: () => undefined,
    clock,
    observer,
    background,
    stopping: stopping.signal,
    ...rest,
  })

  /** A request with the key, unless it brings an `authorization` of its own. */
  const request = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers)
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${KEY}`)
    const asked = new Request(`http://127.0.0.1${path}`, { ...init, headers })
    return watchResponse(asked, await app.request(asked), keepReply)
  }
  const post = (path: string, body: unknown, init: RequestInit = {}): Promise<Response> =>
    request(path, { ...init, method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) })
  const chat = (fields: object = {}, init: RequestInit = {}): Promise<Response> =>
    post('/v1/chat/completions', { messages: [{ role: 'user', content: 'Здравей' }], ...fields }, init)
  const stream = (fields: object = {}, init: RequestInit = {}): Promise<Response> =>
    chat({ stream: true, ...fields }, init)

  return {
    app,
    clock,
    observer,
    engine,
    admission,
    jobs,
    jobStore,
    store,
    background,
    stopping,
    talker,
    doer,
    request,
    post,
    chat,
    stream,
  }
}

/** What a frame of a stream holds. */
export const dataOf = (frame: string | undefined): unknown => {
  const [, json] = /^data: (.*)\n\n$/s.exec(frame ?? '') ?? []
  if (json === undefined) throw new Error(`no frame: ${frame}`)
  return JSON.parse(json)
}

/** The text that a frame of a stream brings. */
export const contentOf = (frame: string | undefined): unknown =>
  (dataOf(frame) as { readonly choices: readonly { readonly delta: { readonly content?: string } }[] }).choices[0]
    ?.delta.content

const RETRY_HEADERS = ['retry-after', 'retry-after-ms', 'x-should-retry']

/** All that a failure tells: its status, whether and when to try again, its body. */
export const told = async (reply: Response): Promise<readonly unknown[]> => [
  reply.status,
  RETRY_HEADERS.map((name) => reply.headers.get(name)),
  await reply.json(),
]

/** Reads a body as the chunks that it is sent in; `undefined` is its end. */
export function readChunks(response: Response): {
  next(): Promise<string | undefined>
  rest(): Promise<readonly string[]>
  /** Reads no more of it. */
  leave(): Promise<void>
} {
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const next = async (): Promise<string | undefined> => {
    const { done, value } = await reader.read()
    return done ? undefined : decoder.decode(value)
  }
  return {
    next,
    async rest() {
      const chunks: string[] = []
      for (let chunk = await next(); chunk !== undefined; chunk = await next()) chunks.push(chunk)
      return chunks
    },
    leave: () => reader.cancel(),
  }
}
