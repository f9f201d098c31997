import { types } from 'node:util'
import { createContext, Script, type Context } from 'node:vm'

const names: { run?: (() => void) | undefined } = {}
let context: Context | undefined
const script = new Script('run()')

/**
 * Runs something synchronous that may take for ever, such as a search for a pattern that tries every way, and stops it
 * after the time: false. What it throws is thrown. It must leave nothing behind that is half done.
 */
export function runWithin(timeoutMs: number, run: () => void): boolean {
  context ??= createContext(names)
  names.run = run
  try {
    script.runInContext(context, { timeout: timeoutMs })
    return true
  } catch (error) {
    if (!isTimeout(error)) throw error
    return false
  } finally {
    names.run = undefined
  }
}

/** The error comes from the other context, so that it is no instance of this one's `Error`. */
const isTimeout = (error: unknown): boolean =>
  types.isNativeError(error) && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
