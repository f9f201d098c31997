import { loadConfig, readEnvironment } from '../config/index.ts'
import type { Options, Values } from './command-line/index.ts'
import { startGateway } from '../main.ts'
import { createLog } from '../telemetry/index.ts'
import { rehearse } from './rehearse.ts'
import { settingsOf } from './setting-options.ts'

/** Resolves with the first signal to stop; a second one ends the program at once. */
const stopSignal = (): Promise<NodeJS.Signals> => {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      process.once(name, () => process.exit(1))
      resolve(name)
    })
  }
  return promise
}

/** Serves until a signal; stdout gets one JSON line with the bound address, everything else goes to stderr. */
export async function serve(values: Values<Options>): Promise<number> {
  const rehearsed = values['rehearsal'] === true
  const options = settingsOf(values)
  const stopped = stopSignal()
  await using set = rehearsed ? await rehearse({ options }) : undefined
  const config = set?.config ?? loadConfig(readEnvironment(), { options })
  const log = createLog({ level: config.VIVAVOCE_LOG_LEVEL })
  const gateway = await startGateway(config, { observer: log, rehearsal: rehearsed })
  try {
    const first = await Promise.race([gateway.ready, stopped])
    if (typeof first === 'object') {
      process.stdout.write(`${JSON.stringify({ listening: gateway.url })}\n`)
      if (set !== undefined) process.stdout.write(`${JSON.stringify({ rehearsal: set.rehearsal.url })}\n`)
      if (gateway.key?.made === true) {
        process.stderr.write(
          `vivavoce: API_BEARER_TOKEN is not set; callers of this run present the key ${gateway.key.value}\n`,
        )
      }
      log.info('serving', { url: gateway.url, cli: { version: first.version, path: first.path } })
    }
    log.info('stopping', { signal: await stopped })
    return 0
  } finally {
    await gateway.close()
  }
}
