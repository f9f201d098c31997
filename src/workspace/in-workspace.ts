import { isTalker, type TurnEngine } from '../core/index.ts'
import type { Workspaces } from './workspaces.ts'

/** The engine with a workspace around every run of a doer: fresh before it, gone after it, whatever happens. */
export const inWorkspace = (engine: TurnEngine, workspaces: Workspaces): TurnEngine => ({
  async *run(request, { signal }) {
    if (isTalker(request.agent)) {
      yield* engine.run(request, { signal })
      return
    }
    await using workspace = await workspaces.open({ signal })
    yield* engine.run({ ...request, directory: workspace.directory }, { signal })
  },
})
