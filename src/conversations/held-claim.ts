/** The right to the next turn of a conversation, taken from the store and held for as long as it is needed. */
import {
  GatewayError,
  type Claim,
  type Clock,
  type ConversationName,
  type ConversationStore,
  type ConversationTurn,
  type Observer,
} from '../core/index.ts'
import { orAborted } from '../lib/index.ts'

/** How long a gateway may be silent before another takes its conversations over. */
const LEASE_MS = 15_000
const EXTEND_EVERY_MS = LEASE_MS / 3
const TRY_EVERY_MS = 100

export interface ClaimOptions {
  readonly store: ConversationStore
  readonly clock: Clock
  readonly observer: Observer
}

/** Disposing of it gives the right back. */
export interface HeldClaim extends AsyncDisposable {
  /** Aborts when another gateway has taken the right; its reason is the failure that the caller is told. */
  readonly lost: AbortSignal
  /** @throws GatewayError when another gateway has taken the right; nothing is written then. */
  append(turn: ConversationTurn): Promise<void>
  /** Removes the conversation; resolves to whether there was one. @throws as `append`. */
  remove(): Promise<boolean>
}

const takenOver = (): GatewayError =>
  new GatewayError('store_unavailable', 'Another server took this conversation over. Send the turn again.')

/** Holds it until it is disposed of. A store that does not answer is asked again: the right is ours until another takes it. */
function hold(claim: Claim, { store, clock, observer }: ClaimOptions): HeldClaim {
  const lost = new AbortController()
  const failed = (error: unknown): void => observer.observe({ type: 'cleanup-failed', what: 'claim', error })
  let isSpent = false
  let isOver = false
  let extending = Promise.resolve()
  const arm = (): Disposable =>
    clock.after(EXTEND_EVERY_MS, () => {
      extending = extend()
    })
  let timer = arm()

  async function extend(): Promise<void> {
    try {
      if (!(await store.extend(claim, { leaseMs: LEASE_MS }))) {
        lost.abort(takenOver())
        return
      }
    } catch (error) {
      failed(error)
    }
    if (!isOver) timer = arm()
  }

  return {
    lost: lost.signal,
    async append(turn) {
      if (!(await store.append(claim, turn))) throw takenOver()
      isSpent = true
    },
    async remove() {
      const wasThere = await store.delete(claim)
      if (wasThere === undefined) throw takenOver()
      isSpent = true
      return wasThere
    },
    async [Symbol.asyncDispose]() {
      isOver = true
      timer[Symbol.dispose]()
      await extending
      if (!isSpent) await store.release(claim).catch(failed)
    },
  }
}

/**
 * Takes the right, and waits while another gateway has it.
 * @throws GatewayError `timeout` after `waitMs`; the signal's reason when it aborts.
 */
export async function takeClaim(
  name: ConversationName,
  { signal, waitMs, ...options }: ClaimOptions & { readonly signal: AbortSignal; readonly waitMs: number },
): Promise<HeldClaim> {
  const { store, clock } = options
  const lateMs = clock.nowMs() + waitMs
  for (;;) {
    signal.throwIfAborted()
    const claim = await store.claim(name, { leaseMs: LEASE_MS })
    if (claim !== undefined) return hold(claim, options)
    if (clock.nowMs() >= lateMs)
      throw new GatewayError('timeout', 'Another turn of this conversation is still under way. Try again.')
    const passed = Promise.withResolvers<void>()
    using _timer = clock.after(TRY_EVERY_MS, passed.resolve)
    await orAborted(passed.promise, signal)
  }
}
