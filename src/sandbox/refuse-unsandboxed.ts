import { GatewayError, needsSandbox, type TurnEngine } from '../core/index.ts'

/** The engine for a machine without a sandbox: agents that need one are refused. */
export const refuseUnsandboxed = (engine: TurnEngine): TurnEngine => ({
  async *run(request, { signal }) {
    if (needsSandbox(request.agent))
      throw new GatewayError(
        'sandbox_unavailable',
        'This agent may run commands or write files, and this server has no sandbox for it. Its operator must install bubblewrap.',
      )
    yield* engine.run(request, { signal })
  },
})
