import { GatewayError, type TurnEngine } from '../core/index.ts'
import type { Workspaces } from './workspaces.ts'

/**
 * The engine with a last measurement of the workspace: a run that has made it too large does not end as a success, however
 * quickly it did so.
 */
export const endWithinSize = (engine: TurnEngine, workspaces: Pick<Workspaces, 'confirmSize'>): TurnEngine => ({
  async *run(request, { signal }) {
    const { directory } = request
    let begun = false
    for await (const event of engine.run(request, { signal })) {
      if (event.type === 'turn-end' && directory !== undefined) {
        try {
          await workspaces.confirmSize(directory, { signal })
        } catch (error) {
          if (signal.aborted || !begun || !(error instanceof GatewayError)) throw error
          yield { type: 'turn-failed', error }
          return
        }
      }
      begun = true
      yield event
    }
  },
})
