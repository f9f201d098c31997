import type { Clock, ConversationStore, Observer } from '../core/index.ts'

const SWEEP_EVERY_MS = 3_600_000

/** Removes the conversations that are too old, every hour from the first use of the store on. */
export interface Retention {
  used(): void
  /** Removes no more, and waits for what is being removed. */
  close(): Promise<void>
}

export interface RetentionOptions {
  readonly store: Pick<ConversationStore, 'deleteIdle'>
  /** How long a conversation is kept after its last turn; absent: until it is forgotten. */
  readonly ttlMs: number | undefined
  readonly clock: Clock
  readonly observer: Observer
}

export function createRetention({ store, ttlMs, clock, observer }: RetentionOptions): Retention {
  let isClosed = false
  let next: Disposable | undefined
  let sweeping = Promise.resolve()

  async function sweep(keptMs: number): Promise<void> {
    next = clock.after(SWEEP_EVERY_MS, () => {
      sweeping = sweep(keptMs)
    })
    try {
      await store.deleteIdle({ updatedBeforeMs: clock.nowMs() - keptMs })
    } catch (error) {
      observer.observe({ type: 'cleanup-failed', what: 'conversations', error })
    }
  }

  return {
    used() {
      if (ttlMs !== undefined && next === undefined && !isClosed) sweeping = sweep(ttlMs)
    },
    async close() {
      isClosed = true
      next?.[Symbol.dispose]()
      await sweeping
    },
  }
}
