/** What a run has changed in its workspace. */
export interface Changes {
  /** The bytes of `git diff --binary`; empty where nothing was changed, absent where it is too large. */
  readonly patch?: Uint8Array
  /** Oldest first. */
  readonly commits: readonly Commit[]
}

export interface Commit {
  readonly id: string
  readonly subject: string
  readonly author: string
  /** Milliseconds since the epoch. */
  readonly atMs: number
}

/** Work that was pushed: the branch and the commit at its head. */
export interface PushedBranch {
  readonly branch: string
  readonly commit: string
}
