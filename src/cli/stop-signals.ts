import { constants } from 'node:os'

export type StopSignal = 'SIGINT' | 'SIGTERM'

const NAMES = ['SIGINT', 'SIGTERM'] as const

/** A signal this soon after the first is the same one: at Ctrl-C the terminal signals the program, and npm does too. */
const SAME_MS = 1000

/** Calls `stop` at the first signal. A later signal ends the program at once. The result stops listening. */
export function onStopSignal(stop: (name: StopSignal) => void): () => void {
  let firstMs: number | undefined
  const listener = (name: NodeJS.Signals): void => {
    if (name !== 'SIGINT' && name !== 'SIGTERM') return
    if (firstMs === undefined) {
      firstMs = performance.now()
      stop(name)
    } else if (performance.now() - firstMs > SAME_MS) {
      process.exit(128 + constants.signals[name])
    }
  }
  for (const name of NAMES) process.on(name, listener)
  return () => {
    for (const name of NAMES) process.off(name, listener)
  }
}
