import type { ServerResponse } from 'node:http'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Step } from './script.ts'

export interface PerformOptions {
  /** headers that every response bears */
  readonly headers: Readonly<Record<string, string>>
  /** aborts when the connection is gone; performing then ends at once, quietly */
  readonly gone: AbortSignal
  /** called after each piece that the operating system has taken */
  readonly onPiece: () => void
}

/**
 * Carries the steps out on the response, each write after the one before it was taken: a slow reader slows the reply.
 * Tells whether it was directed to drop the connection, and did.
 */
export async function perform(
  steps: Iterable<Step>,
  response: ServerResponse,
  { headers, gone, onPiece }: PerformOptions,
): Promise<boolean> {
  for (const step of steps) {
    if (gone.aborted) return false
    switch (step.type) {
      case 'head':
        response.writeHead(step.status, { ...headers, ...step.headers })
        break
      case 'wait':
        if (step.ms > 0) await untilGone(sleep(step.ms, undefined, { signal: gone, ref: false }), gone)
        break
      case 'write':
        await written(response, step.bytes, gone)
        if (step.isPiece && !gone.aborted) onPiece()
        break
      case 'end':
        response.end()
        break
      case 'drop':
        response.destroy()
        return true
      case 'silence':
        await untilGone(once(gone, 'abort'), gone)
        break
    }
  }
  return false
}

/** Resolves when the bytes have been taken, or cannot be any more: Node calls back no write that a lost connection held up. */
const written = (response: ServerResponse, bytes: Uint8Array, gone: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      gone.removeEventListener('abort', done)
      resolve()
    }
    gone.addEventListener('abort', done)
    response.write(bytes, done)
  })

/** Waits; when the connection goes meanwhile, that is no error. */
async function untilGone(waiting: Promise<unknown>, gone: AbortSignal): Promise<void> {
  try {
    await waiting
  } catch (error) {
    if (!gone.aborted) throw error
  }
}
