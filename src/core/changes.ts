/** What a run has left in its workspace. */
export interface Changes {
  /**
   * From the checkout to the files as they are, in the form of `git diff --binary`; empty where nothing changed. It may
   * hold any bytes. Absent where it would be larger than `MAX_PATCH_BYTES`.
   */
  readonly patch?: Uint8Array
  /** What the run committed, oldest first; at most the newest `MAX_COMMITS`. */
  readonly commits: readonly Commit[]
}

export interface Commit {
  readonly id: string
  readonly subject: string
  /** `Name <address>`, as the run wrote it. */
  readonly author: string
  readonly atMs: number
}

export interface PushedBranch {
  readonly branch: string
  /** The id of the commit that the branch leads to. */
  readonly commit: string
}

export const MAX_PATCH_BYTES = 16 * 1024 * 1024
export const MAX_COMMITS = 1000
