/** What a fuzz came to: its requests by kind and outcome, and what must not have been. */
import type { FuzzCase } from './fuzz-case.ts'
import type { Fault, Verdict } from './judge.ts'

export interface Violation extends Fault {
  readonly request?: number
  readonly kind?: string
}

const MAX_KEPT_VIOLATIONS = 200

type Tally = Record<string, Record<string, number>>

const add = (tally: Tally, row: string, column: string): void => {
  const figures = (tally[row] ??= {})
  figures[column] = (figures[column] ?? 0) + 1
}

export class Books {
  readonly violations: Violation[] = []
  violated = 0
  /** Replies by kind, and status or the lack of one. */
  readonly statuses: Tally = {}
  readonly codes: Record<string, number> = {}
  /** The longest that a reply took, in milliseconds. */
  slowestMs = 0
  slowest = ''
  readonly #ids = new Set<string>()

  violate(violation: Violation): void {
    this.violated++
    if (this.violations.length < MAX_KEPT_VIOLATIONS) this.violations.push(violation)
  }

  /** Takes down how long a case took. */
  took({ kind }: FuzzCase, request: number, ms: number): void {
    if (ms <= this.slowestMs) return
    this.slowestMs = ms
    this.slowest = `${kind}, request ${request}`
  }

  /** Takes down a case without a reply. */
  unanswered({ kind }: FuzzCase): void {
    add(this.statuses, kind, 'none')
  }

  /** Takes down a reply. */
  take({ kind }: FuzzCase, status: number, { answer }: Verdict): void {
    add(this.statuses, kind, answer === 'left' ? 'left' : String(status))
    const code = answer ?? 'unknown'
    this.codes[code] = (this.codes[code] ?? 0) + 1
  }

  /** Whether no reply had the id before. */
  isNew(requestId: string): boolean {
    const isNew = !this.#ids.has(requestId)
    this.#ids.add(requestId)
    return isNew
  }
}
