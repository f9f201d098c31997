/** Why a run is stopped: its job was cancelled, somebody else runs it, or this server closes. */
export type StopCause = 'cancelled' | 'superseded' | 'closing'

/** The reason with which a run is aborted. */
export class RunStopped extends Error {
  override readonly name = 'RunStopped'
  readonly why: StopCause
  constructor(why: StopCause) {
    super(`the run was stopped: ${why}`)
    this.why = why
  }
}
