import { askLoginStatus } from '../../claude/index.ts'
import { loadConfig, readEnvironment, type Config } from '../../config/index.ts'
import { systemClock, type ReadyCli } from '../../core/index.ts'
import { isAbortOf } from '../../lib/index.ts'
import { startGateway, type Gateway } from '../../main.ts'
import { packageVersion } from '../../package-version.ts'
import { createLog } from '../../telemetry/index.ts'
import type { Options, Values } from '../command-line/index.ts'
import { rehearse, type RehearsalSet } from '../rehearse.ts'
import { settingsOf } from '../setting-options.ts'
import { onStopSignal, type StopSignal } from '../stop-signals.ts'
import { onReloadSignal } from './reload-signal.ts'
import { openTerminal, type Terminal } from './terminal.ts'

/** Resolves with the first signal to stop. */
const stopSignal = (): Promise<StopSignal> => {
  const { promise, resolve } = Promise.withResolvers<StopSignal>()
  onStopSignal(resolve)
  return promise
}

interface Serving {
  readonly gateway: Gateway
  readonly cli: ReadyCli
  readonly config: Config
  readonly set: RehearsalSet | undefined
}

/** For programs: JSON lines on stdout. A key that was made just now is on stderr, once, and in no line of the log. */
function announce({ gateway: { url, key }, set }: Serving): void {
  const lines = [{ listening: url }, ...(set === undefined ? [] : [{ rehearsal: set.rehearsal.url }])]
  process.stdout.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  if (key?.file?.isNew === true) {
    process.stderr.write(
      `vivavoce: API_BEARER_TOKEN is not set; callers present the key ${key.value}, which is kept in ${key.file.path}\n`,
    )
  }
}

/** For people: the banner, and behind it whether the CLI is logged in, unless the signal aborts first. */
async function welcome(
  terminal: Terminal,
  { gateway: { url, key }, cli, config, set }: Serving,
  signal: AbortSignal,
): Promise<void> {
  const hasOwnKey = config.API_BEARER_TOKEN !== undefined
  terminal.ready({ url, cli, key: key?.file, hasOwnKey, rehearsal: set !== undefined })
  if (set !== undefined) return
  const question = {
    bin: cli.path,
    passedOn: config.cliEnvironment,
    clock: systemClock,
  }
  const status = await askLoginStatus(question, { signal }).catch((error: unknown) => {
    // A CLI that cannot be asked, or says something endless, does not end a server that serves.
    return isAbortOf(error, signal) ? undefined : ({ status: 'unknown' } as const)
  })
  if (status !== undefined) terminal.login(status)
}

/** Serves until a signal. On a terminal stdout is for people; elsewhere it gets one JSON line with the bound address. */
export async function serve(values: Values<Options>): Promise<number> {
  const rehearsed = values['rehearsal'] === true
  const options = settingsOf(values)
  const stopped = stopSignal()
  await using set = rehearsed ? await rehearse({ options }) : undefined
  const load = set?.load ?? ((): Config => loadConfig(readEnvironment(), { options }))
  const config = set?.config ?? load()
  let level = config.VIVAVOCE_LOG_LEVEL
  const terminal = process.stdout.isTTY
    ? openTerminal({ version: await packageVersion(), level, clock: systemClock })
    : undefined
  const log = terminal?.log ?? createLog({ level })
  const observer = terminal?.observer ?? log
  const starting = startGateway(config, { observer, rehearsal: rehearsed })
  await using _reloading = onReloadSignal(async () => {
    try {
      const { reload } = await starting
      const next = load()
      // First, so that the log says what it is to say of the reload.
      log.setLevel(next.VIVAVOCE_LOG_LEVEL)
      await reload(next)
      level = next.VIVAVOCE_LOG_LEVEL
    } catch (error) {
      log.setLevel(level)
      observer.observe({ type: 'settings-reload-failed', error })
    }
  })
  const gateway = await starting
  const stopping = new AbortController()
  let welcomed: Promise<void> | undefined
  try {
    const cli = await Promise.race([gateway.ready, stopped])
    if (typeof cli === 'object') {
      const serving = { gateway, cli, config, set }
      if (terminal === undefined) announce(serving)
      else welcomed = welcome(terminal, serving, stopping.signal)
      if (terminal === undefined || !process.stderr.isTTY) {
        const { version, path } = cli
        log.info('serving', { url: gateway.url, cli: { version, path }, keyFile: gateway.key?.file?.path })
      }
    }
    log.info('stopping', { signal: await stopped })
    return 0
  } finally {
    stopping.abort()
    await Promise.all([gateway.close(), welcomed])
  }
}
