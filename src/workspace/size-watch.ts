import { GatewayError, type Clock, type Observer } from '../core/index.ts'
import { isAbortOf } from '../lib/index.ts'
import { treeSize } from './tree-size.ts'

/** Measuring takes at most this part of the time. */
const SHARE = 10

export interface SizeWatch extends AsyncDisposable {
  /** Aborts with the error once the directory is larger than it may be. */
  readonly overgrown: AbortSignal
}

export interface SizeWatchOptions {
  readonly directory: string
  readonly maxBytes: number
  readonly everyMs: number
  /** Of the error, a `workspace_unusable`. */
  readonly message: string
  readonly clock: Clock
  readonly observer: Observer
}

/** Measures a directory again and again until it is disposed of, which waits for a measurement under way. */
export function watchSize({ directory, maxBytes, everyMs, message, clock, observer }: SizeWatchOptions): SizeWatch {
  const overgrown = new AbortController()
  const stopped = new AbortController()
  const { signal } = stopped
  let measuring: Promise<void> = Promise.resolve()
  let timer: Disposable

  async function measure(): Promise<void> {
    const fromMs = clock.nowMs()
    try {
      const bytes = await treeSize(directory, { enoughBytes: maxBytes, signal })
      if (bytes > maxBytes) {
        overgrown.abort(new GatewayError('workspace_unusable', message))
        return
      }
    } catch (error) {
      if (isAbortOf(error, signal)) return
      observer.observe({ type: 'cleanup-failed', what: 'size of a workspace', error })
    }
    arm(Math.max(everyMs, SHARE * (clock.nowMs() - fromMs)))
  }

  function arm(ms: number): void {
    if (signal.aborted) return
    timer = clock.after(ms, () => {
      measuring = measure()
    })
  }

  arm(everyMs)
  return {
    overgrown: overgrown.signal,
    async [Symbol.asyncDispose]() {
      stopped.abort()
      timer[Symbol.dispose]()
      await measuring
    },
  }
}
