/** All that goes on with jobs once the store is open, as long as the server runs. */
import {
  isTerminal,
  type Agent,
  type Clock,
  type Job,
  type JobStatus,
  type JobStore,
  type Observer,
  type TurnEngine,
} from '../core/index.ts'
import type { Bells } from './bells.ts'
import { startCallbacks } from './callbacks.ts'
import { startDispatcher } from './dispatcher.ts'
import type { JobCallbackSender, JobRoom, JobWorkspaces } from './ports.ts'
import { runAttempt } from './run-attempt.ts'
import { createRuns } from './runs.ts'
import { startSweep } from './sweep.ts'

/** A job that is cancelled by way of another server is stopped here when the store is told of it the next time. */
const MAX_BEAT_MS = 1000

export interface WorkOptions {
  /** Runs turns at once: the room is entered here. */
  readonly engine: TurnEngine
  readonly workspaces: JobWorkspaces
  readonly room: JobRoom
  /** Those on offer. */
  readonly agents: () => readonly Agent[]
  /** Absent where callbacks cannot be signed: none are sent then. */
  readonly sender?: JobCallbackSender
  /** What a callback tells of a job: JSON. */
  readonly callbackBody: (job: Job) => string
  readonly clock: Clock
  readonly observer: Observer
  readonly ttlMs: number
  readonly heartbeatMs: number
  readonly maxFailures: number
  /** The most jobs of one tenant at once. */
  readonly maxPerTenant: () => number
}

export interface Work {
  /** A job was queued. */
  queued(): void
  /** A job was cancelled: what runs of it here is stopped, and over when this resolves. */
  cancelled(jobId: string): Promise<void>
  /** Stops what runs and hands it back. */
  close(): Promise<void>
}

export function startWork(store: JobStore, bells: Bells, options: WorkOptions): Work {
  const { room, sender, callbackBody, clock, observer, ttlMs, heartbeatMs, maxFailures, maxPerTenant } = options
  const runs = createRuns({ store, beatMs: Math.min(heartbeatMs / 3, MAX_BEAT_MS), clock, observer })
  const callbacks =
    sender === undefined ? undefined : startCallbacks({ store, sender, bodyOf: callbackBody, clock, observer })
  const changed = (jobId: string, status?: JobStatus): void => {
    bells.ring(jobId)
    if (status !== undefined && isTerminal({ status })) callbacks?.wake()
  }
  const dispatcher = startDispatcher({
    store,
    room,
    maxFailures,
    sated: () => [...runs.byTenant()].flatMap(([tenant, count]) => (count < maxPerTenant() ? [] : [tenant])),
    take: (attempt, place) =>
      runs.add(attempt, (run) => runAttempt(attempt, { ...options, ...run, store, place, changed })),
    clock,
    observer,
  })
  const sweep = startSweep({ store, ttlMs, clock, observer })
  return {
    queued: dispatcher.wake,
    async cancelled(jobId) {
      // One that is just being begun is a run in a moment.
      await dispatcher.settled()
      await runs.stop(jobId, 'cancelled')
      changed(jobId, 'cancelled')
    },
    async close() {
      await dispatcher.close()
      await runs.stopAll('closing')
      await Promise.all([callbacks?.close(), sweep.close()])
    },
  }
}
