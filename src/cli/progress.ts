/** What a command that waits shows on stderr meanwhile. */
import type { Clock } from '../core/index.ts'
import { elapsed } from './elapsed.ts'
import { harmlessLine } from './harmless.ts'
import type { Out } from './world.ts'

export interface Progress extends Disposable {
  /** What goes on from here. */
  show(doing: string): void
  /** A line that stays. */
  note(line: string): void
  /** Makes room for what somebody else writes, until the next call. */
  hide(): void
}

interface ProgressOptions {
  readonly stderr: Out
  readonly clock: Clock
}

const REDRAW_MS = 1000
const WIPE = '\r\u001b[2K'
const DEFAULT_COLUMNS = 80

/** As many characters as surely fit: what is not plain may take two columns. */
function fitting(text: string, columns: number): string {
  let left = columns
  let fits = ''
  for (const character of text) {
    left -= (character.codePointAt(0) ?? 0) < 0x1100 ? 1 : 2
    if (left < 0) break
    fits += character
  }
  return fits
}

/** One line, rewritten in place each second. */
export function liveProgress({ stderr, clock }: ProgressOptions): Progress {
  const startedMs = clock.nowMs()
  let doing: string | undefined
  let isDrawn = false
  let timer: Disposable | undefined
  const hide = (): void => {
    timer?.[Symbol.dispose]()
    timer = undefined
    if (isDrawn) stderr.write(WIPE)
    isDrawn = false
  }
  const draw = (): void => {
    timer?.[Symbol.dispose]()
    timer = undefined
    if (doing === undefined) return
    const line = `${elapsed(clock.nowMs() - startedMs)}  ${harmlessLine(doing)}`
    // The last column stays free: some terminals break the line there.
    stderr.write(`${WIPE}${fitting(line, (stderr.columns ?? DEFAULT_COLUMNS) - 1)}`)
    isDrawn = true
    timer = clock.after(REDRAW_MS, draw)
  }
  return {
    show(now) {
      doing = now
      draw()
    },
    note(line) {
      hide()
      stderr.write(`${harmlessLine(line)}\n`)
      draw()
    },
    hide,
    [Symbol.dispose]: hide,
  }
}

/** A line for each change. */
export function plainProgress({ stderr, clock }: ProgressOptions): Progress {
  const startedMs = clock.nowMs()
  let shown: string | undefined
  return {
    show(doing) {
      if (doing === shown) return
      shown = doing
      stderr.write(`${elapsed(clock.nowMs() - startedMs)}  ${harmlessLine(doing)}\n`)
    },
    note: (line) => void stderr.write(`${harmlessLine(line)}\n`),
    hide() {},
    [Symbol.dispose]() {},
  }
}

export const silentProgress: Progress = { show() {}, note() {}, hide() {}, [Symbol.dispose]() {} }
