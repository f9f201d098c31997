import type { Clock } from './core/index.ts'
import { orAborted } from './lib/index.ts'

/** Resolves after `ms`. @throws the signal's reason when it aborts first. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>()
  using _timer = clock.after(ms, over.resolve)
  await orAborted(over.promise, signal)
}
