/** The composition root: a configuration in, everything constructed once, one `close()` out. */
import { mkdir, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { admitted, createAdmission, createWrongKeys } from './access/index.ts'
import { killOrphans, writeSeed, type PaceOptions } from './claude/index.ts'
import { ConfigError, type Config } from './config/index.ts'
import { createPictureFetcher, withPictures } from './images/index.ts'
import { loadDocuments } from './documents.ts'
import { createConversations } from './conversations/index.ts'
import {
  GatewayError,
  mayPush,
  systemClock,
  type CliState,
  type Observer,
  type ReadyCli,
  type TurnEngine,
} from './core/index.ts'
import { createApp, createBackground, createClientAddress, startServer } from './http/index.ts'
import { openLeftovers } from './leftovers.ts'
import { writeProblem } from './lib/index.ts'
import { createJobs } from './jobs/index.ts'
import { openCallbacks } from './callbacks/index.ts'
import { packageVersion } from './package-version.ts'
import { openSandbox, refuseUnsandboxed } from './sandbox/index.ts'
import { openServedCli } from './served-cli.ts'
import { openSettingsInForce, readOffer, type OwnKey, type SettingsInForce } from './settings-in-force.ts'
import { createStores, lockDirectory } from './storage/index.ts'
import { encodeJobCallback } from './wire/index.ts'
import { inWorkspace, openWorkspaces, watchSize } from './workspace/index.ts'

const KEEP_ALIVE_MS = 10_000
const MEASURE_OUTPUT_EVERY_MS = 1000
const MS_A_DAY = 86_400_000
/** How long responses that are being sent may take when the server stops. */
const CLOSE_GRACE_MS = 3000

export interface Gateway {
  readonly url: string
  /** What is known of the CLI just now. */
  readonly cli: CliState
  /** Resolves when turns are served; rejects when the CLI must not be served. Until then requests that need it get 503 `starting`. */
  readonly ready: Promise<ReadyCli>
  /** The key that callers may present as the default tenant. */
  readonly key: OwnKey | undefined
  /**
   * Puts the keys, agents and models of another configuration in force, whole or not at all; everything else stays.
   * @throws ConfigError, AgentFilesError.
   */
  reload(config: Config): Promise<void>
  /** Stops taking requests, ends the runs under way and waits until nothing is left. May be called twice. */
  close(): Promise<void>
}

export interface GatewayOptions {
  readonly observer: Observer
  /** Whether a rehearsal stands behind the CLI. */
  readonly rehearsal?: boolean
  /** What starts of the CLI are taken to take before they were measured. */
  readonly pace?: PaceOptions
}

/**
 * Starts the gateway: it listens when this resolves, and serves turns when `ready` does.
 * @throws ConfigError, AgentFilesError, GatewayError `cli_unavailable` where there is no CLI, or what listening throws; nothing is left then.
 */
export async function startGateway(config: Config, options: GatewayOptions): Promise<Gateway> {
  const offer = await readOffer(config)
  const problem = await writeProblem(config.dataDirectory)
  if (problem !== undefined) {
    throw new ConfigError([
      `VIVAVOCE_DATA_DIR: no file can be written in ${config.dataDirectory}: ${problem}. Name a directory that this user may write to`,
    ])
  }
  const locked = await lockDirectory(config.dataDirectory)
  if (!locked.ok) {
    throw new ConfigError([
      `VIVAVOCE_DATA_DIR: ${config.dataDirectory} is in use by another server (${locked.holder}); give this one a directory of its own`,
    ])
  }
  try {
    killOrphans()
    const inForce = await openSettingsInForce(config, { offer, observer: options.observer })
    return await serveFrom(config, { ...options, inForce, lock: locked.lock })
  } catch (error) {
    await locked.lock[Symbol.asyncDispose]()
    throw error
  }
}

interface Checked extends GatewayOptions {
  readonly inForce: SettingsInForce
  /** Of the data directory; given back when the gateway is closed. */
  readonly lock: AsyncDisposable
}

async function serveFrom(config: Config, { observer, rehearsal = false, inForce, lock }: Checked): Promise<Gateway> {
  const clock = systemClock
  const dataDirectory = await realpath(config.dataDirectory)
  const temporaryDirectory = join(dataDirectory, 'tmp')
  const leftovers = await openLeftovers({
    cliEnvironment: config.cliEnvironment,
    root: join(dataDirectory, 'workspaces'),
    records: join(dataDirectory, 'processes'),
    observer,
  })
  const clearTemporary = (): Promise<void> => rm(temporaryDirectory, { recursive: true, force: true, maxRetries: 3 })
  await clearTemporary()
  await mkdir(temporaryDirectory, { mode: 0o700 })
  const seedPath = await writeSeed(temporaryDirectory)
  const maxBytes = config.VIVAVOCE_WORKSPACE_MAX_MB * 1024 * 1024
  const workspaces = await openWorkspaces({
    root: join(config.dataDirectory, 'workspaces'),
    repository: config.VIVAVOCE_WORKSPACE_REPO,
    branch: config.VIVAVOCE_WORKSPACE_BRANCH,
    maxBytes,
    pushBranches: config.VIVAVOCE_PUSH_BRANCHES ?? [],
    env: config.gitEnvironment,
    clock,
    observer,
  })
  const admission = createAdmission({
    capacity: config.MAX_CONCURRENCY,
    background: config.jobConcurrency,
    maxWaiting: config.MAX_QUEUE_DEPTH,
    get keepsOne() {
      return inForce.hasTenants
    },
    clock,
  })
  const served = openServedCli(config, {
    sandbox: await openSandbox({ ...config, temporaryDirectory, maxFileBytes: maxBytes }),
    agents: inForce.offer.catalogue.agents,
    seedPath,
    temporaryDirectory,
    watchOutput: (directory) =>
      watchSize({
        directory,
        maxBytes,
        everyMs: MEASURE_OUTPUT_EVERY_MS,
        message: 'The programs of the run printed more than VIVAVOCE_WORKSPACE_MAX_MB allows.',
        clock,
        observer,
      }),
    clock,
    observer: leftovers.observer,
  })
  // Before anything is taken for the run.
  const checked = (engine: TurnEngine): TurnEngine =>
    config.VIVAVOCE_ALLOW_UNSANDBOXED ? engine : refuseUnsandboxed(engine, () => served.gaps)
  const engine = checked(inWorkspace(served.engine, workspaces))
  const version = await packageVersion()
  const stores = createStores({
    dataDirectory: config.dataDirectory,
    databaseUrl: config.DATABASE_URL,
    heartbeatSeconds: config.VIVAVOCE_JOB_HEARTBEAT_SECONDS,
    observer,
  })
  const privateHosts = config.VIVAVOCE_PRIVATE_HOSTS ?? []
  const callbacks = openCallbacks(config.VIVAVOCE_CALLBACK_SECRET, { version, privateHosts, clock })
  const jobs = createJobs({
    engine: checked(served.engine),
    workspaces,
    room: admission.jobs,
    agents: () => inForce.offer.catalogue.agents,
    openStores: stores.open,
    ...callbacks.sending,
    callbackBody: encodeJobCallback,
    clock,
    observer,
    ttlMs: config.JOB_TTL_SECONDS * 1000,
    maxQueued: config.MAX_QUEUE_DEPTH,
    heartbeatMs: config.VIVAVOCE_JOB_HEARTBEAT_SECONDS * 1000,
    maxFailures: config.VIVAVOCE_JOB_ATTEMPTS,
    // The last slot is kept for a tenant that has none.
    maxPerTenant: () => Math.max(1, inForce.hasTenants ? config.jobConcurrency - 1 : config.jobConcurrency),
  })
  const background = createBackground({ observer })
  const stopping = new AbortController()
  const fetcher = createPictureFetcher({ clock, privateHosts })
  // A picture is fetched before a place is taken.
  const admittedEngine = checked(withPictures(admitted(engine, { admission, clock }), fetcher))
  const conversations = createConversations({
    engine: admittedEngine,
    stores: stores.open,
    clock,
    observer,
    ttlMs: config.VIVAVOCE_CONVERSATION_TTL_DAYS * MS_A_DAY,
  })

  const app = createApp({
    engine: admittedEngine,
    conversations,
    jobs,
    callbackProblem: callbacks.problem,
    pushProblem: (branch) =>
      mayPush(branch, config.VIVAVOCE_PUSH_BRANCHES ?? []) ? undefined : 'this branch may not be pushed to here',
    admission,
    tenantOf: inForce.tenantOf,
    wrongKeys: createWrongKeys({ clock }),
    poolFigures: served.figures,
    corsOrigins: config.VIVAVOCE_CORS_ORIGINS ?? [],
    offer: () => inForce.offer,
    talkerLimits: {
      firstTokenMs: config.VIVAVOCE_FIRST_TOKEN_TIMEOUT_SECONDS * 1000,
      tokenGapMs: config.VIVAVOCE_TOKEN_GAP_TIMEOUT_SECONDS * 1000,
      turnMs: config.CONVERSATIONAL_TIMEOUT_SECONDS * 1000,
    },
    doerLimits: { turnMs: config.VIVAVOCE_AGENT_TIMEOUT_SECONDS * 1000 },
    budgetUsd: config.VIVAVOCE_AGENT_BUDGET_USD,
    jobCeilings: {
      timeoutMs: config.VIVAVOCE_JOB_MAX_TIMEOUT_SECONDS * 1000,
      budgetUsd: config.VIVAVOCE_JOB_MAX_BUDGET_USD ?? Infinity,
    },
    headerHoldMs: config.VIVAVOCE_HEADER_HOLD_MS,
    clientAddress: createClientAddress({ trusted: config.VIVAVOCE_TRUST_PROXY ?? [] }),
    keepAliveMs: KEEP_ALIVE_MS,
    writeTimeoutMs: config.VIVAVOCE_WRITE_TIMEOUT_SECONDS * 1000,
    maxBodyBytes: config.VIVAVOCE_MAX_BODY_MB * 1024 * 1024,
    version,
    documents: await loadDocuments(),
    cliState: () => served.state,
    rehearsal,
    clock,
    observer,
    background,
    stopping: stopping.signal,
  })
  const closeProcesses = async (): Promise<void> => {
    await served.close()
    await leftovers.clear()
    await clearTemporary()
  }
  // First, so that an address that is taken is found before the CLI is verified.
  const server = await startServer(app, { host: config.VIVAVOCE_HOST, port: config.VIVAVOCE_PORT })
  const ready = served.start().then((cli) => {
    // Chat is served already; work that was left is taken up behind it.
    jobs.start({ eager: stores.mayHaveWork })
    return cli
  })
  // Whoever started the gateway may not look.
  ready.catch(() => undefined)

  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    stopping.abort(new GatewayError('shutting_down', 'The server is stopping. Try again shortly.'))
    await Promise.all([server.close({ graceMs: CLOSE_GRACE_MS }), jobs.close(), workspaces.close()])
    await background.close()
    await conversations.close()
    await stores.close()
    await closeProcesses()
    await lock[Symbol.asyncDispose]()
  }
  return {
    url: server.url,
    get cli() {
      return served.state
    },
    ready,
    get key() {
      return inForce.key
    },
    reload: inForce.reload,
    close: () => (closing ??= close()),
  }
}
