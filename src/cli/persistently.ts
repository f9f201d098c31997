import { ConnectionError } from './command-error.ts'
import type { World } from './world.ts'

const WAITS_MS = [250, 500, 1000, 2000, 4000, 8000]

interface PersistenceOptions extends Pick<World, 'pause' | 'signal'> {
  /** The server was there a moment ago: that it cannot be reached will pass. */
  readonly wasReached: boolean
}

/** Tries again while the connection breaks: only for what may be done twice. @throws what the last try threw */
export async function persistently<T>(
  attempt: () => Promise<T>,
  { pause, signal, wasReached }: PersistenceOptions,
): Promise<T> {
  let isKnown = wasReached
  for (const waitMs of WAITS_MS) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error
      isKnown ||= error.isBroken
      if (!isKnown) throw error
    }
    await pause(waitMs, signal)
  }
  return await attempt()
}
