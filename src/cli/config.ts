import { configReference, loadConfig, readEnvironment, setting, settingNames } from '../config/index.ts'
import { withoutUserinfo } from '../lib/index.ts'

/** Prints the settings in force, secrets masked, or the reference page. */
export function printConfig({ reference }: { readonly reference: boolean }): number {
  if (reference) {
    process.stdout.write(configReference())
    return 0
  }
  const config = loadConfig(readEnvironment())
  // What is worked out where it is not set.
  const inForce = {
    ...config,
    VIVAVOCE_POOL_MAX: config.pool.max,
    VIVAVOCE_POOL_SPARES: config.pool.spares,
    VIVAVOCE_POOL_MEMORY_MB: config.pool.memoryMb,
  }
  const shown = (value: unknown): string =>
    value === undefined ? '' : typeof value === 'string' ? withoutUserinfo(value) : JSON.stringify(value)
  for (const name of settingNames) {
    const value = inForce[name]
    process.stdout.write(`${name}=${setting(name).secret === true && value !== undefined ? '(set)' : shown(value)}\n`)
  }
  return 0
}
