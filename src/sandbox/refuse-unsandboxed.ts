import { GatewayError, type TurnEngine } from '../core/index.ts'
import type { Gap } from './gaps.ts'

/** The engine for a machine whose sandbox has gaps: agents that one concerns are refused. They change with the CLI. */
export const refuseUnsandboxed = (engine: TurnEngine, gaps: () => readonly Gap[]): TurnEngine => ({
  async *run(request, { signal }) {
    const gap = gaps().find(({ concerns }) => concerns(request.agent))
    if (gap !== undefined) throw new GatewayError('sandbox_unavailable', gap.message)
    yield* engine.run(request, { signal })
  },
})
