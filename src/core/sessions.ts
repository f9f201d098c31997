/** The sessions that the CLI keeps on disk, beyond the turns run in them. */
export interface CliSessions {
  /** Removes what the CLI keeps of a session; one that does not exist is no error. */
  forget(uuid: string): Promise<void>
}
