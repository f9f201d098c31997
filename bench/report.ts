/** The whole outcome of a run, as `--json` prints it. */
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { toFigures, type Figures } from './figures.ts'
import { goalsReached, type GoalReached } from './goals.ts'
import type { Measured } from './run.ts'
import type { Sizes } from './sizes.ts'

export interface Report extends Figures {
  readonly command: string
  /** When it was begun; ISO 8601. */
  readonly at: string
  readonly tookSeconds: number
  readonly machine: {
    readonly cores: number
    readonly processor: string
    readonly memoryGiB: number
    readonly system: string
    readonly node: string
    readonly cli: string
  }
  readonly sizes: Sizes
  readonly goals: readonly GoalReached[]
}

export interface ReportOptions {
  readonly command: string
  readonly beganAtMs: number
  readonly endedAtMs: number
  readonly sizes: Sizes
}

export function toReport(measured: Measured, { command, beganAtMs, endedAtMs, sizes }: ReportOptions): Report {
  const figures = toFigures(measured)
  return {
    command,
    at: new Date(beganAtMs).toISOString(),
    tookSeconds: Math.round((endedAtMs - beganAtMs) / 1000),
    machine: {
      cores: availableParallelism(),
      processor: cpus()[0]?.model.trim() ?? 'unknown',
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      system: `${type()} ${release()}`,
      node: process.versions.node,
      cli: measured.cli.version,
    },
    sizes,
    ...figures,
    goals: goalsReached(figures),
  }
}
