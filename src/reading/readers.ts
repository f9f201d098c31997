/** Reads what callers send: small things at once, the others in threads, so that none holds up the requests of others. */
import { setImmediate } from 'node:timers/promises'
import { Worker, type Transferable } from 'node:worker_threads'
import { GatewayError, type Clock } from '../core/index.ts'
import { hasCode, orAborted } from '../lib/index.ts'
import { READINGS, type GivenOf, type Kind, type ResultOf } from './readings.ts'
import { createTenantQueue } from './tenant-queue.ts'
import type { Asked, Replied } from './worker.ts'

const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)
/** The processes of the CLI and the event loop need the other cores. */
const MAX_THREADS = 2
/** A body at every limit takes about a second. */
const LIMIT_MS = 10_000
/** A thread keeps what it has read last. */
const IDLE_MS = 30_000
/** Of a thread, besides what it reads. */
const BASE_MB = 128
/** A body as text, parsed, and as it is handed on. */
const MEMORY_FACTOR = 4

export interface Reader {
  readonly tenant: string
  readonly signal: AbortSignal
}

export interface Readers {
  /**
   * Bytes are given away: they must not be used afterwards.
   * @throws GatewayError where it cannot be read, `request_too_large` where that takes too much memory or time; the
   * signal's reason when it aborts first.
   */
  read<K extends Kind>(kind: K, given: GivenOf<K>, reader: Reader): Promise<ResultOf<K>>
  /** Ends the threads; what waits is given up. */
  close(): Promise<void>
}

export interface ReadersOptions {
  readonly clock: Clock
  /** The largest body. */
  readonly maxBytes: number
  /** Of a thread's heap. */
  readonly memoryMb?: number
}

interface Task {
  readonly asked: Asked
  readonly done: PromiseWithResolvers<unknown>
}

interface Thread {
  readonly worker: Worker
  task: Task | undefined
  /** The end of its task, or of a thread that has none. */
  timer: Disposable | undefined
}

const shuttingDown = (): GatewayError => new GatewayError('shutting_down', 'The server is stopping. Try again shortly.')
const tooMuch = (what: string): GatewayError =>
  new GatewayError('request_too_large', `The body could not be read: it takes too much ${what}. Send a smaller one.`)

const transferOf = ({ given }: Asked): readonly Transferable[] =>
  typeof given === 'object' && 'pieces' in given ? given.pieces.map(({ buffer }) => buffer) : []

export function createReaders({
  clock,
  maxBytes,
  memoryMb = BASE_MB + (MEMORY_FACTOR * maxBytes) / (1024 * 1024),
}: ReadersOptions): Readers {
  const threads = new Set<Thread>()
  const queue = createTenantQueue<Task>()
  let isClosed = false

  function lose(thread: Thread, reason: unknown): void {
    if (!threads.delete(thread)) return
    thread.timer?.[Symbol.dispose]()
    thread.task?.done.reject(reason)
    void thread.worker.terminate()
    assign()
  }

  function rest(thread: Thread): void {
    thread.timer?.[Symbol.dispose]()
    thread.task = undefined
    thread.worker.unref()
    thread.timer = clock.after(IDLE_MS, () => lose(thread, undefined))
  }

  function start(): Thread {
    const worker = new Worker(WORKER, { resourceLimits: { maxOldGenerationSizeMb: memoryMb } })
    const thread: Thread = { worker, task: undefined, timer: undefined }
    worker.on('message', (replied: Replied) => {
      // A reply may cross with the end of its thread.
      if (!threads.has(thread)) return
      const task = thread.task
      rest(thread)
      if (replied.ok) task?.done.resolve(replied.result)
      else {
        const { code, message, param } = replied.refusal
        task?.done.reject(new GatewayError(code, message, param === undefined ? {} : { param }))
      }
      assign()
    })
    worker.on('error', (error: unknown) =>
      lose(thread, hasCode(error, 'ERR_WORKER_OUT_OF_MEMORY') ? tooMuch('memory') : error),
    )
    worker.on('exit', () => lose(thread, new Error('a thread that reads has ended')))
    threads.add(thread)
    return thread
  }

  function assign(): void {
    for (;;) {
      const resting = [...threads].find(({ task }) => task === undefined)
      if (isClosed || (resting === undefined && threads.size >= MAX_THREADS)) return
      const task = queue.take()
      if (task === undefined) return
      const thread = resting ?? start()
      thread.timer?.[Symbol.dispose]()
      thread.task = task
      thread.worker.ref()
      thread.timer = clock.after(LIMIT_MS, () => lose(thread, tooMuch('time')))
      thread.worker.postMessage(task.asked, transferOf(task.asked))
    }
  }

  return {
    async read<K extends Kind>(kind: K, given: GivenOf<K>, { tenant, signal }: Reader): Promise<ResultOf<K>> {
      signal.throwIfAborted()
      const { isQuick, read } = READINGS[kind]
      if (isQuick(given)) return await read(given)
      // Handing a large thing over takes a while, and so does taking it: each in a turn of the event loop of its own.
      await setImmediate()
      signal.throwIfAborted()
      if (isClosed) throw shuttingDown()
      const task: Task = { asked: { kind, given }, done: Promise.withResolvers<unknown>() }
      queue.put(tenant, task)
      assign()
      try {
        const result = (await orAborted(task.done.promise, signal)) as ResultOf<K>
        await setImmediate()
        return result
      } finally {
        queue.remove(tenant, task)
      }
    },
    async close() {
      isClosed = true
      const ended = [...threads].map(({ worker }) => worker.terminate())
      const gone = shuttingDown()
      for (const thread of threads) lose(thread, gone)
      for (const { done } of queue.clear()) done.reject(gone)
      await Promise.all(ended)
    },
  }
}
