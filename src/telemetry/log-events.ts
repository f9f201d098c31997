/** The events of the log: the level, the meaning and the fields of each. The compiler holds the table to `Observation`. */
import { errorKind, type ErrorCode, type Observation } from '../core/index.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'
export type EventLevel = Exclude<LogLevel, 'silent'>

type EventName = Observation['type']
type EventOf<Name extends EventName> = Extract<Observation, { readonly type: Name }>

interface LogEvent<Name extends EventName> {
  /** One level, or what decides between several. */
  readonly level: EventLevel | { readonly of: (event: EventOf<Name>) => EventLevel; readonly says: string }
  /** The meaning, for the reference page. */
  readonly says: string
  /** An `error` is logged as `reason` and its companions. */
  readonly fields: Readonly<Record<Exclude<keyof EventOf<Name>, 'type'>, string>>
}

/** Failures that belong to the day's work, though a caller is told of them as failures. */
const EXPECTED: readonly ErrorCode[] = ['superseded', 'shutting_down', 'queue_full', 'starting']

const failureLevel = (code: ErrorCode): EventLevel =>
  errorKind(code).status < 500 || EXPECTED.includes(code) ? 'info' : 'error'

const levelOfCode = ({ code }: { readonly code?: ErrorCode }): EventLevel =>
  code === undefined ? 'info' : failureLevel(code)

/** How the level of a failure is chosen, for the reference page. */
export const FAILURE_LEVEL = `\`info\` if its status is below 500 or its code is one of ${EXPECTED.map((code) => `\`${code}\``).join(', ')}; otherwise \`error\``

const BY_FAILURE = 'that of the failure'

const ERROR = 'Why.'
const REQUEST_ID = 'The `x-request-id` of the response.'
const JOB_ID = 'The job.'
const MS = 'How long it took.'
const PID = 'The process ID of the CLI.'
const CLI_PATH = 'The file of the CLI.'
const CLI_VERSION = 'The version of the CLI.'
const MODEL = 'The model that was used.'
const AGENT = 'The agent that ran.'
const TENANT = 'The tenant of the key.'
const TOKENS = {
  inputTokens: 'All tokens of input.',
  cachedTokens: 'The part of them that came from the model API’s cache.',
  outputTokens: 'All tokens of output.',
}
const ATTEMPT = 'Which attempt, from 1.'

type LogEvents = { readonly [Name in EventName]: LogEvent<Name> }

export const LOG_EVENTS: LogEvents = {
  'request-finished': {
    level: { of: levelOfCode, says: `\`info\`, or with a \`code\` ${BY_FAILURE}` },
    says: 'A request has ended: its last byte was sent, or its client left. Fields that do not apply are absent.',
    fields: {
      requestId: REQUEST_ID,
      method: 'The HTTP method.',
      path: 'The path, without the query.',
      status: 'The HTTP status. A stream that failed after its headers has 200 and a `code`.',
      ms: MS,
      left: 'Whether the client closed the connection before the response was whole.',
      tenant: TENANT,
      clientAddress: 'The address of the client, behind a proxy of `VIVAVOCE_TRUST_PROXY` the forwarded one.',
      agent: AGENT,
      model: MODEL,
      queuedMs: 'From the request to its slot.',
      firstTokenMs: 'From the request to the first text, call or tool of the response.',
      ...TOKENS,
      code: 'The failure that the caller got, by status or in the stream: [Errors](errors.md).',
    },
  },
  'request-failed': {
    level: { of: levelOfCode, says: BY_FAILURE },
    says: 'A request failed. `request-finished` follows.',
    fields: { requestId: REQUEST_ID, code: 'The failure: [Errors](errors.md).', error: ERROR },
  },
  'key-refused': {
    level: 'warn',
    says: 'A client presented a wrong key. The key is not logged.',
    fields: {
      requestId: REQUEST_ID,
      clientAddress: 'The address of the client, behind a proxy of `VIVAVOCE_TRUST_PROXY` the forwarded one.',
      isLimited: 'Whether the address has presented too many; the next ones within the minute are not logged.',
    },
  },
  'client-stalled': {
    level: 'info',
    says: 'A client took nothing of its stream for `VIVAVOCE_WRITE_TIMEOUT_SECONDS`, so its connection is closed. `request-finished` follows.',
    fields: { requestId: REQUEST_ID, ms: 'The limit.' },
  },
  'request-retried': {
    level: 'info',
    says: 'A client sent a request again after its connection was closed.',
    fields: { requestId: REQUEST_ID, retryOf: 'The `requestId` of the first one.' },
  },
  'parameters-ignored': {
    level: 'info',
    says: 'A request has parameters without an effect. Each parameter is logged once for as long as the server runs.',
    fields: { requestId: REQUEST_ID, names: 'The parameters.' },
  },
  'settings-reloaded': {
    level: 'info',
    says: 'At SIGHUP the keys, the agents, the models on offer and the log level were read again.',
    fields: {
      tenants: 'The tenants that have a key.',
      agents: 'The agents on offer.',
      restartFor: 'Settings that have changed too and wait for a restart.',
    },
  },
  'settings-reload-failed': {
    level: 'error',
    says: 'At SIGHUP the settings could not be read. The settings in force stay in force.',
    fields: { error: ERROR },
  },
  'process-started': {
    level: 'debug',
    says: 'A process of the CLI was started.',
    fields: { pid: PID, agent: 'The agent that it was started for.', model: 'The model that it was started for.' },
  },
  'process-ended': {
    level: 'debug',
    says: 'A process of the CLI has ended.',
    fields: {
      pid: PID,
      cause: 'Why it was stopped (`cancelled`, `deadline`, `idle`, …), or `exited` if it ended by itself.',
      code: 'The exit code, or `null`.',
      signal: 'The signal that ended it, or `null`.',
      ms: 'How long it lived.',
      stoppingMs: 'How long it took to stop, if it was stopped.',
    },
  },
  'line-ignored': {
    level: 'debug',
    says: 'The CLI wrote a line that the gateway does not know. The line itself is not logged.',
    fields: { problem: 'The unknown part.' },
  },
  'turn-aligned': {
    level: 'debug',
    says: 'A process holds the history of a turn and is asked the question.',
    fields: {
      pid: 'The process ID of the CLI; absent if the turn starts a process of its own.',
      kind: 'How the process was found: `kept` with the history, `rewound` or `replayed` to it, `fresh` without one, `cold` not at all.',
      steps: 'The steps that aligned the process, in order.',
      ms: 'From the request for a process to the question.',
      waitedMs: 'The part of it in which a process was waited for.',
    },
  },
  'turn-interrupted': {
    level: 'debug',
    says: 'A turn was interrupted in its process.',
    fields: { pid: PID, ms: MS, recovered: 'Whether the process can go on to another turn.' },
  },
  'process-doubted': {
    level: 'warn',
    says: 'It is not certain what a pooled process holds, so the process is ended.',
    fields: { pid: PID, error: ERROR },
  },
  'process-start-failed': {
    level: 'warn',
    says: 'A pooled process could not be started.',
    fields: { error: ERROR },
  },
  'pool-changed': {
    level: 'debug',
    says: 'The pool of processes has changed.',
    fields: {
      size: 'All processes.',
      busy: 'Processes that run a turn.',
      idle: 'Processes that are free.',
      spares: 'The free processes that no tenant has used.',
      starting: 'Processes that are being started.',
      waiting: 'Requests that wait for a process.',
    },
  },
  'store-opened': {
    level: 'info',
    says: 'The store of conversations and jobs was opened.',
    fields: { home: '`pglite` or `postgres`.', ms: MS },
  },
  'store-failed': {
    level: 'error',
    says: 'The store, or a connection to it, broke. It is opened again when it is needed.',
    fields: { error: ERROR },
  },
  'job-changed': {
    level: 'info',
    says: 'A job has another status.',
    fields: { jobId: JOB_ID, status: '`queued`, `running`, `completed`, `failed`, `timeout`, `error` or `cancelled`.' },
  },
  'job-run-finished': {
    level: { of: levelOfCode, says: `\`info\`, or with a \`code\` ${BY_FAILURE}` },
    says: 'A run of a job has ended. A job that is tried again has several runs. Tokens are absent if the run did not complete.',
    fields: {
      jobId: JOB_ID,
      tenant: 'The tenant that submitted the job.',
      agent: AGENT,
      model: MODEL,
      attempt: ATTEMPT,
      outcome:
        '`completed`, `failed`, `timeout` or `error` as in the job; `stopped` if it was cancelled, another server took the job over, or this one stops.',
      ms: 'From the start of the run to its end, workspace included.',
      ...TOKENS,
      code: 'The failure: [Errors](errors.md).',
    },
  },
  'job-failed': {
    level: { of: levelOfCode, says: BY_FAILURE },
    says: 'A run of a job failed, or its work could not be kept or pushed.',
    fields: { jobId: JOB_ID, code: 'The failure: [Errors](errors.md).', error: ERROR },
  },
  'job-store-failed': {
    level: 'warn',
    says: 'Something that is done with the store of jobs again and again did not succeed. It is tried again.',
    fields: { what: 'The operation.', jobId: 'The job, if it was about one.', error: ERROR },
  },
  'callback-sent': {
    level: 'info',
    says: 'The outcome of a job was sent to its `callback_url`.',
    fields: { jobId: JOB_ID, status: 'The HTTP status of the reply.' },
  },
  'callback-failed': {
    level: 'warn',
    says: 'The outcome of a job could not be sent to its `callback_url`.',
    fields: {
      jobId: JOB_ID,
      problem: 'The obstacle.',
      isGivenUp: 'Whether it is not tried again.',
      error: 'Why, if there is more to say.',
    },
  },
  'sandbox-ready': {
    level: 'info',
    says: 'The sandbox was tried and holds.',
    fields: { version: 'The version of bubblewrap.', limits: 'How much of the machine a run may use.' },
  },
  'sandbox-missing': {
    level: 'warn',
    says: 'There are agents that need a sandbox, and none that holds.',
    fields: {
      agents: 'The agents.',
      refused: 'Whether they are refused; otherwise they run without a sandbox.',
      problem: 'The missing part.',
    },
  },
  'cleanup-failed': {
    level: 'error',
    says: 'Something could not be removed or ended after use.',
    fields: { what: 'The thing that was to be removed or ended.', error: ERROR },
  },
  'cli-verification-started': {
    level: 'info',
    says: 'The CLI is being verified. Nothing of it is served before that is finished.',
    fields: { reason: '`start`, or `replaced` if its file has changed.', path: CLI_PATH },
  },
  'cli-verification-continues': {
    level: 'info',
    says: 'The verification goes on; repeated every few seconds.',
    fields: { attempt: ATTEMPT, ms: 'How long it has taken so far.', step: 'The check that is under way.' },
  },
  'cli-verification-retried': {
    level: 'warn',
    says: 'An attempt decided nothing, because of a timeout for example. Another one follows, with longer limits.',
    fields: {
      attempt: 'The attempt that follows, from 1.',
      ms: 'How long it has taken so far.',
      problem: 'Why nothing was decided.',
    },
  },
  'cli-verification-finished': {
    level: {
      of: ({ outcome }) => (outcome === 'verified' ? 'info' : 'error'),
      says: '`info` if it was verified, otherwise `error`',
    },
    says: 'The verification of the CLI has ended.',
    fields: {
      outcome: '`verified` or `refused`.',
      attempts: 'How many attempts it took.',
      ms: MS,
      path: CLI_PATH,
      version: CLI_VERSION,
      problem: 'Why it was refused.',
    },
  },
  'cli-capabilities-found': {
    level: {
      of: ({ missing }) => (missing.length === 0 ? 'info' : 'warn'),
      says: '`warn` if something is missing, otherwise `info`',
    },
    says: 'It is known what the CLI that serves can do.',
    fields: { path: CLI_PATH, version: CLI_VERSION, missing: 'The missing capabilities, each with its cost.' },
  },
  'cli-capabilities-refused': {
    level: 'error',
    says: 'Capabilities that were found later in the CLI that serves are not used, because text was not shown to be inert with it.',
    fields: { problem: 'The reason.' },
  },
  'cli-capabilities-not-kept': {
    level: 'warn',
    says: 'The capabilities of the CLI could not be written to a file, so they are tried out again at the next start.',
    fields: { path: 'The file.', error: ERROR },
  },
  'cli-replaced': {
    level: 'info',
    says: 'The file of the CLI is another one than was verified. The new one is verified before it serves.',
    fields: { path: CLI_PATH, version: 'The version that was verified.' },
  },
}

/** The level of one event. */
export function levelOf<Name extends EventName>(event: EventOf<Name>): EventLevel {
  const { level } = LOG_EVENTS[event.type]
  return typeof level === 'string' ? level : level.of(event)
}
