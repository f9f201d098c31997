/** What the gateways have acknowledged to their clients, and what of it was there in the end. */
export interface Ledger {
  /** Ids of jobs. */
  readonly jobs: Set<string>
  /** Those of them whose cancelling was acknowledged. */
  readonly cancelled: Set<string>
  /** For each session the messages whose answers were acknowledged, in order. */
  readonly turns: Map<string, string[]>
  /** For each job the sequence numbers that a follower has seen. */
  readonly followed: Map<string, number[]>
  /** When a gateway was killed. */
  readonly killedAtMs: number[]
  /** What must not be, in words. */
  readonly losses: string[]
}

export const createLedger = (): Ledger => ({
  jobs: new Set(),
  cancelled: new Set(),
  turns: new Map(),
  followed: new Map(),
  killedAtMs: [],
  losses: [],
})

export const turnCount = ({ turns }: Ledger): number => [...turns.values()].reduce((sum, { length }) => sum + length, 0)
