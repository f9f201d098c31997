import { GatewayError, isTalker, type TurnEngine, type TurnRequest } from '../core/index.ts'
import type { Workspace, Workspaces } from './workspaces.ts'

/** A workspace within the time that the turn has. */
async function openInTime(
  workspaces: Workspaces,
  { agent, limits }: TurnRequest,
  signal: AbortSignal,
): Promise<Workspace> {
  const late = AbortSignal.timeout(limits.turnMs)
  try {
    return await workspaces.open({ signal: AbortSignal.any([signal, late]), source: workspaces.sourceOf(agent) })
  } catch (error) {
    signal.throwIfAborted()
    if (!late.aborted) throw error
    throw new GatewayError('timeout', 'The workspace of the run was not there in time.', { cause: error })
  }
}

/**
 * The engine with a workspace around every run of a doer: fresh before it, gone after it, whatever happens. A run that makes
 * it larger than it may be is stopped, and fails with `workspace_unusable`.
 */
export const inWorkspace = (engine: TurnEngine, workspaces: Workspaces): TurnEngine => ({
  async *run(request, { signal }) {
    if (isTalker(request.agent)) {
      yield* engine.run(request, { signal })
      return
    }
    await using workspace = await openInTime(workspaces, request, signal)
    const { directory, overgrown } = workspace
    let begun = false
    try {
      for await (const event of engine.run(
        { ...request, directory },
        { signal: AbortSignal.any([signal, overgrown]) },
      )) {
        begun = true
        yield event
      }
    } catch (error) {
      // To the caller of this it is no abort but a failure: the last event, once there was one.
      if (signal.aborted || !overgrown.aborted || !begun || !(error instanceof GatewayError)) throw error
      yield { type: 'turn-failed', error }
    }
  },
})
