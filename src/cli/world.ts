/** The surroundings of a command; tests put their own in their place. */
import { constants } from 'node:os'
import { setImmediate, setTimeout as delay } from 'node:timers/promises'
import { readEnvironment, type Environment } from '../config/index.ts'
import { systemClock, type Clock } from '../core/index.ts'
import { hasCode } from '../lib/index.ts'
import { CommandError } from './command-error.ts'
import { onStopSignal, type StopSignal } from './stop-signals.ts'

export interface Out {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface World {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly stdout: Out
  readonly stderr: Out
  readonly environment: Environment
  readonly clock: Clock
  /** Rejects when the signal aborts. Unlike a timer of the clock it keeps the program alive. */
  pause(ms: number, signal: AbortSignal): Promise<void>
  /** Aborts, with a CommandError, when the user stops the command or nobody reads what it writes. */
  readonly signal: AbortSignal
  /** Resolves once all that was written has left, or could not: then the signal has aborted. */
  flush(): Promise<void>
}

const SIGPIPE_EXIT = 128 + constants.signals.SIGPIPE

/**
 * The world of this program, until it is disposed of. A second signal ends the program at once. Without `signals` they are
 * left to the command.
 */
export function openWorld({ signals }: { readonly signals: boolean }): World & Disposable {
  const stopping = new AbortController()
  const stop = (name: StopSignal): void =>
    stopping.abort(new CommandError('interrupted', { code: 'interrupted', exitCode: 128 + constants.signals[name] }))
  const cannotWrite = (cause: Error): void =>
    stopping.abort(
      hasCode(cause, 'EPIPE')
        ? new CommandError('nobody reads the output', { code: 'broken_pipe', exitCode: SIGPIPE_EXIT, cause })
        : new CommandError(`the output cannot be written (${cause.message})`, { cause }),
    )
  const { stdin, stdout, stderr } = process
  const stopListening = signals ? onStopSignal(stop) : undefined
  for (const out of [stdout, stderr]) out.on('error', cannotWrite)
  return {
    stdin,
    stdout,
    stderr,
    environment: readEnvironment(),
    clock: systemClock,
    pause: (ms, signal) => delay(ms, undefined, { signal }),
    signal: stopping.signal,
    async flush() {
      for (const out of [stdout, stderr]) await new Promise((resolve) => out.write('', resolve))
      // The error of a stream is told after the callback.
      await setImmediate()
    },
    // What is written may fail after the command is over: that is still heard.
    [Symbol.dispose]() {
      stopListening?.()
    },
  }
}
