/**
 * All who follow jobs, at the cost of one: one question to the store finds what other servers did to any of their jobs, and
 * those who want the same events at the same time share one read.
 */
import { GatewayError, type Clock, type Job, type JobEvent, type JobStore } from '../core/index.ts'
import type { Bells } from './bells.ts'
import { follow, type FollowOptions } from './follow.ts'

const LOOK_EVERY_MS = 500
const AT_ONCE = 100
/** Each holds a connection and a part of the events. */
export const MAX_FOLLOWERS = 100
const RETRY_AFTER_SECONDS = 10

export interface Followers {
  /** @throws GatewayError `too_many_followers`. The events are to be read or returned, or they count for ever. */
  follow(job: Job, options: FollowOptions): AsyncGenerator<JobEvent, void, undefined>
  /** Resolves when the store is not being asked. */
  settled(): Promise<void>
}

export interface FollowersOptions {
  readonly store: Pick<JobStore, 'events' | 'progress'>
  readonly bells: Bells
  readonly clock: Clock
}

export function createFollowers({ store, bells, clock }: FollowersOptions): Followers {
  const counts = new Map<string, number>()
  /** How many events each job had at the last look, and the jobs to which nothing happens any more. */
  let events: ReadonlyMap<string, number> = new Map()
  let over: ReadonlySet<string> = new Set()
  let timer: Disposable | undefined
  let looking: Promise<void> | undefined
  /** Reads under way, by job; those of a job are not shared any more once something has happened to it. */
  const reads = new Map<string, Map<number, Promise<readonly JobEvent[]>>>()

  async function look(): Promise<void> {
    const ids = bells.heard()
    try {
      const found = await store.progress(ids)
      const before = events
      events = new Map([...found].map(([id, progress]) => [id, progress.events]))
      over = new Set(ids.filter((id) => found.get(id)?.isOver ?? true))
      for (const id of ids) if (over.has(id) || events.get(id) !== before.get(id)) bells.ring(id)
    } catch {
      // Each follower asks for itself and gets the failure.
      for (const id of ids) bells.ring(id)
    }
    looking = undefined
    arm()
  }

  function arm(): void {
    if (timer !== undefined || looking !== undefined || counts.size === 0) return
    timer = clock.after(LOOK_EVERY_MS, () => {
      timer = undefined
      looking = look()
    })
  }

  function read(id: string, after: number): Promise<readonly JobEvent[]> {
    const those = reads.get(id) ?? new Map<number, Promise<readonly JobEvent[]>>()
    const shared = those.get(after)
    if (shared !== undefined) return shared
    const own = store.events(id, { after, limit: AT_ONCE }).finally(() => {
      those.delete(after)
      if (those.size === 0 && reads.get(id) === those) reads.delete(id)
    })
    reads.set(id, those.set(after, own))
    return own
  }
  bells.onRing((id) => reads.delete(id))

  function leave(tenant: string): void {
    const left = (counts.get(tenant) ?? 0) - 1
    if (left > 0) counts.set(tenant, left)
    else counts.delete(tenant)
    if (counts.size > 0) return
    timer?.[Symbol.dispose]()
    timer = undefined
  }

  return {
    follow({ id, tenant }, options) {
      const count = counts.get(tenant) ?? 0
      if (count >= MAX_FOLLOWERS)
        throw new GatewayError(
          'too_many_followers',
          `The events of jobs are already followed ${MAX_FOLLOWERS} times with this key. End one of these streams first.`,
          { retryAfterSeconds: RETRY_AFTER_SECONDS },
        )
      counts.set(tenant, count + 1)
      arm()
      const isOver = (): boolean => over.has(id)
      return leaving(follow(id, options, { read, isOver, bells }), () => leave(tenant))
    },
    async settled() {
      await looking
    },
  }
}

async function* leaving<T>(events: AsyncGenerator<T, void>, left: () => void): AsyncGenerator<T, void, undefined> {
  try {
    yield* events
  } finally {
    left()
  }
}
