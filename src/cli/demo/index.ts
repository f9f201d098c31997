/** The product at work, seen from outside: a gateway on a free port, asked over HTTP as any client would. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { loadConfig, readEnvironment, type Config } from '../../config/index.ts'
import type { Observer } from '../../core/index.ts'
import { orAborted } from '../../lib/index.ts'
import { startGateway } from '../../main.ts'
import { createLog } from '../../telemetry/index.ts'
import type { Options, Values } from '../command-line/index.ts'
import { rehearse } from '../rehearse.ts'
import { settingsOf } from '../setting-options.ts'
import { call, type Client } from './ask.ts'
import { compare } from './compare.ts'
import { callFunction, converse, interrupt, speakTwoLanguages, work } from './scenes.ts'
import { openScreen, paint, type Screen } from './screen.ts'

const POLL_MS = 100
const WARM_UP_MS = 60_000

const NEXT = [
  ['npx vivavoce doctor', 'checks the login and all that serving needs'],
  ['npx vivavoce serve --rehearsal', 'puts your own client in front of the rehearsal'],
  ['npx vivavoce serve', 'serves under your login'],
] as const

/** The log of failures, and what the verification of the CLI checks just now. */
function withProgress(screen: Screen): Observer {
  const log = createLog({ level: 'error' })
  return {
    observe(observation) {
      log.observe(observation)
      if (observation.type === 'cli-verification-continues')
        screen.waitFor(`vivavoce verifies the Claude Code CLI (attempt ${observation.attempt}): ${observation.step}`)
    },
  }
}

/** Waits until a process is free, so that the first figure is not that of a start. */
async function warmUp(client: Client): Promise<void> {
  const lateMs = performance.now() + WARM_UP_MS
  while (performance.now() < lateMs) {
    const { pool } = await call<{ pool?: { idle: number } }>(client, '/health')
    if (pool === undefined || pool.idle > 0) return
    await delay(POLL_MS)
  }
}

interface ShowOptions {
  readonly rehearsal: boolean
  /** Ends the show; the gateway is closed before it rejects. */
  readonly signal: AbortSignal
}

async function show(config: Config, screen: Screen, { rehearsal, signal }: ShowOptions): Promise<void> {
  screen.waitFor('vivavoce starts and verifies the Claude Code CLI')
  const gateway = await startGateway(
    { ...config, VIVAVOCE_HOST: '127.0.0.1', VIVAVOCE_PORT: 0 },
    { observer: withProgress(screen), rehearsal },
  )
  const play = async (): Promise<void> => {
    const cli = await gateway.ready
    const client = { url: gateway.url, key: gateway.key?.value ?? config.VIVAVOCE_TENANTS?.[0]?.key ?? '' }
    screen.waitFor('processes of the CLI start')
    await warmUp(client)
    screen.line(
      `${paint('bold', 'vivavoce')} on ${gateway.url}, Claude Code ${cli.version}${rehearsal ? '. The model behind it is a rehearsal that repeats what it hears; nothing leaves this machine.' : ''}`,
    )
    const scene = { client, screen, rehearsal }
    await speakTwoLanguages(scene)
    await callFunction(scene)
    await interrupt(scene)
    await converse(scene)
    await work(scene)
    await compare({ client, screen, config, path: cli.path, directory: join(config.dataDirectory, 'tmp'), signal })
    screen.heading('Go on with', '')
    for (const [command, what] of NEXT) screen.line(`  ${command.padEnd(32)}${paint('dim', what)}`)
    screen.waitFor('vivavoce stops')
  }
  try {
    await orAborted(play(), signal)
  } finally {
    await gateway.close()
  }
}

/** Resolves to 0 when everything it showed went as it should; throws what went wrong, and the signal's reason. */
export async function runDemo(values: Values<Options>, signal: AbortSignal): Promise<number> {
  const options = settingsOf(values)
  using screen = openScreen()
  if (values['live'] !== true) {
    await using set = await rehearse({ options, ownData: true })
    await show(set.config, screen, { rehearsal: true, signal })
    return 0
  }
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-demo-'))
  try {
    const config = loadConfig(readEnvironment(), { options: { ...options, VIVAVOCE_DATA_DIR: directory } })
    await show(config, screen, { rehearsal: false, signal })
    return 0
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  }
}
