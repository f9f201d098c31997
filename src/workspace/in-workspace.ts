import { GatewayError, isTalker, type TurnEngine, type TurnRequest } from '../core/index.ts'
import type { Workspace, Workspaces } from './workspaces.ts'

/** A workspace within the time that the turn has. */
async function openInTime(workspaces: Workspaces, { limits }: TurnRequest, signal: AbortSignal): Promise<Workspace> {
  const late = AbortSignal.timeout(limits.turnMs)
  try {
    return await workspaces.open({ signal: AbortSignal.any([signal, late]) })
  } catch (error) {
    signal.throwIfAborted()
    if (!late.aborted) throw error
    throw new GatewayError('timeout', 'The workspace of the run was not there in time.', { cause: error })
  }
}

/** The engine with a workspace around every run of a doer: fresh before it, gone after it, whatever happens. */
export const inWorkspace = (engine: TurnEngine, workspaces: Workspaces): TurnEngine => ({
  async *run(request, { signal }) {
    if (isTalker(request.agent)) {
      yield* engine.run(request, { signal })
      return
    }
    await using workspace = await openInTime(workspaces, request, signal)
    yield* engine.run({ ...request, directory: workspace.directory }, { signal })
  },
})
