import type { Clock } from '../core/index.ts'
import { createAlarm, type Alarm } from './alarm.ts'

/** Tells those who follow a job that something has happened to it in this process. */
export interface Bells {
  ring(jobId: string): void
  /** Disposing of the answer listens no longer. */
  listen(jobId: string): Alarm & Disposable
  /** Called before those who listen are woken. */
  onRing(listener: (jobId: string) => void): void
  /** The jobs that somebody listens to. */
  heard(): readonly string[]
  /** How many listen. */
  readonly size: number
}

export function createBells(clock: Clock): Bells {
  const alarms = new Map<string, Set<Alarm>>()
  const listeners: ((jobId: string) => void)[] = []
  return {
    ring(jobId) {
      for (const listener of listeners) listener(jobId)
      for (const alarm of alarms.get(jobId) ?? []) alarm.ring()
    },
    listen(jobId) {
      const alarm = createAlarm(clock)
      const those = alarms.get(jobId) ?? new Set()
      alarms.set(jobId, those.add(alarm))
      return {
        ...alarm,
        [Symbol.dispose]() {
          those.delete(alarm)
          if (those.size === 0 && alarms.get(jobId) === those) alarms.delete(jobId)
        },
      }
    },
    onRing: (listener) => void listeners.push(listener),
    heard: () => [...alarms.keys()],
    get size() {
      return [...alarms.values()].reduce((sum, those) => sum + those.size, 0)
    },
  }
}
