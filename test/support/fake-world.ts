import { Readable } from 'node:stream'
import type { World } from '../../src/cli/world.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'

export interface FakeWorld extends World {
  readonly clock: ManualClock
  readonly out: () => string
  readonly err: () => string
  /** How long it paused, each time; no time passes. */
  readonly pauses: readonly number[]
}

/** What a command of the terminal finds around it, in the test's hand. */
export function createFakeWorld({
  url,
  stdoutIsTTY = false,
  stderrIsTTY = false,
  signal = new AbortController().signal,
  columns = 40,
}: {
  readonly url: string
  readonly stdoutIsTTY?: boolean
  readonly stderrIsTTY?: boolean
  readonly signal?: AbortSignal
  readonly columns?: number
}): FakeWorld {
  let out = ''
  let err = ''
  const pauses: number[] = []
  return {
    stdin: Readable.from([]),
    stdout: { isTTY: stdoutIsTTY, columns, write: (text) => (out += text) },
    stderr: { isTTY: stderrIsTTY, columns, write: (text) => (err += text) },
    environment: { VIVAVOCE_URL: url, API_BEARER_TOKEN: 'test-key' },
    clock: createManualClock(),
    async pause(ms, signal) {
      signal.throwIfAborted()
      pauses.push(ms)
    },
    signal,
    async flush() {},
    out: () => out,
    err: () => err,
    pauses,
  }
}
