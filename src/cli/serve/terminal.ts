/** Where `vivavoce serve` shows what it does: for people on a terminal, for programs elsewhere. */
import type { LoginStatus } from '../../claude/index.ts'
import type { Clock, Observer } from '../../core/index.ts'
import { createLog, type Log, type LogLevel } from '../../telemetry/index.ts'
import { paintFor } from '../paint.ts'
import { banner, loginStatus, progressLine, startLine, type BannerFacts } from './banner.ts'
import { logLine } from './log-line.ts'

export interface Terminal {
  /** Shows what a start does, and logs the rest. */
  readonly observer: Observer
  readonly log: Log
  ready(facts: Omit<BannerFacts, 'version' | 'readyMs'>): void
  login(status: LoginStatus): void
}

interface TerminalOptions {
  readonly version: string
  readonly level: LogLevel
  readonly clock: Clock
}

const DEFAULT_COLUMNS = 80

/** Shows the start at once. The log is for people too when stderr is the same terminal; in a file it stays JSON. */
export function openTerminal({ version, level, clock }: TerminalOptions): Terminal {
  const { stdout, stderr } = process
  const paint = paintFor(stdout)
  const paintLog = paintFor(stderr)
  const log = createLog({ level, ...(stderr.isTTY ? { render: (record) => logLine(record, paintLog) } : {}) })
  const startedMs = clock.nowMs()
  const passedMs = (): number => clock.nowMs() - startedMs
  let isStarting = true
  stdout.write(startLine(version, paint))
  return {
    log,
    observer: {
      observe(observation) {
        const line = isStarting
          ? progressLine(observation, passedMs(), stdout.columns || DEFAULT_COLUMNS, paint)
          : undefined
        if (line !== undefined) stdout.write(line)
        if (line === undefined || !stderr.isTTY) log.observe(observation)
      },
    },
    ready(facts) {
      isStarting = false
      stdout.write(banner({ ...facts, version, readyMs: passedMs() }, paint))
    },
    login: (status) => void stdout.write(loginStatus(status, paint)),
  }
}
