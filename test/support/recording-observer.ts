import type { Observation, Observer } from '../../src/core/index.ts'

type Of<Type extends Observation['type']> = Extract<Observation, { readonly type: Type }>

/** Keeps what it is told, in order. */
export interface RecordingObserver extends Observer {
  readonly seen: readonly Observation[]
  of<Type extends Observation['type']>(type: Type): readonly Of<Type>[]
  /** Resolves with the first observation that fits, past or to come. */
  until(fits: (observation: Observation) => boolean): Promise<Observation>
}

export function createRecordingObserver(): RecordingObserver {
  const seen: Observation[] = []
  const waiters = new Set<(observation: Observation) => void>()
  return {
    seen,
    observe(observation) {
      seen.push(observation)
      for (const look of waiters) look(observation)
    },
    of: <Type extends Observation['type']>(type: Type) =>
      seen.filter((observation): observation is Of<Type> => observation.type === type),
    until: (fits) =>
      new Promise((resolve) => {
        const look = (observation: Observation): void => {
          if (!fits(observation)) return
          waiters.delete(look)
          resolve(observation)
        }
        waiters.add(look)
        const past = seen.find(fits)
        if (past !== undefined) look(past)
      }),
  }
}
