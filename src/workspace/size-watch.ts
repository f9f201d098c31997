import { statfs } from 'node:fs/promises'
import { GatewayError, type Clock, type Observer } from '../core/index.ts'
import { hasCode, isAbortOf } from '../lib/index.ts'
import { isDue, MEASURE_EVERY_MS, verdictOf, type FreeSpace, type Measured } from './size-decision.ts'
import { treeSize } from './tree-size.ts'

/** How often the free space is looked at, which takes no walk. */
const LOOK_EVERY_MS = 500
const DISK_FULL = 'The run was stopped: the disk of the server is nearly full. Free some space and run it again.'

export interface SizeWatch extends AsyncDisposable {
  /** Aborts with the error once the directory is larger than it may be, or the disk is nearly full. */
  readonly overgrown: AbortSignal
}

export interface SizeWatchOptions {
  readonly directory: string
  readonly maxBytes: number
  /** The pause between measurements, if it is another one than usual. */
  readonly everyMs?: number
  /** Of the error, a `workspace_unusable`. */
  readonly message: string
  readonly clock: Clock
  readonly observer: Observer
}

/** `undefined` where the directory is not there yet, or no more. */
async function freeSpace(directory: string): Promise<FreeSpace | undefined> {
  try {
    const { bavail, blocks, bsize } = await statfs(directory)
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

/** Measures a directory again and again until it is disposed of, which waits for a measurement under way. */
export function watchSize(options: SizeWatchOptions): SizeWatch {
  const { directory, maxBytes, everyMs = MEASURE_EVERY_MS, message, clock, observer } = options
  const limits = { maxBytes, everyMs }
  const overgrown = new AbortController()
  const stopped = new AbortController()
  const { signal } = stopped
  let last: Measured | undefined
  let measuring: Promise<void> = Promise.resolve()
  let timer: Disposable

  async function measure(space: FreeSpace): Promise<void> {
    const bytes = await treeSize(directory, { enoughBytes: maxBytes, signal })
    const verdict = verdictOf(bytes, last, space, limits)
    last = { bytes, freeBytes: space.freeBytes, endedMs: clock.nowMs() }
    if (verdict === 'too-large') overgrown.abort(new GatewayError('workspace_unusable', message))
    if (verdict === 'disk-full') overgrown.abort(new GatewayError('workspace_failed', DISK_FULL))
  }

  async function look(): Promise<void> {
    try {
      const space = await freeSpace(directory)
      if (space !== undefined && (last === undefined || isDue(space, last, clock.nowMs(), limits))) await measure(space)
      if (overgrown.signal.aborted) return
    } catch (error) {
      if (isAbortOf(error, signal)) return
      observer.observe({ type: 'cleanup-failed', what: 'size of a workspace', error })
    }
    arm()
  }

  function arm(): void {
    if (signal.aborted) return
    timer = clock.after(Math.min(LOOK_EVERY_MS, everyMs), () => {
      measuring = look()
    })
  }

  arm()
  return {
    overgrown: overgrown.signal,
    async [Symbol.asyncDispose]() {
      stopped.abort()
      timer[Symbol.dispose]()
      await measuring
    },
  }
}
