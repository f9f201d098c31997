import type { Context } from 'hono'
import {
  collectTurn,
  GatewayError,
  isTalker,
  newId,
  type Choice,
  type TurnEvent,
  type TurnRequest,
} from '../../core/index.ts'
import type { Newest } from '../../lib/index.ts'
import { encodeCompletion, parseChatRequest, type AnswerHead, type ChatRequest } from '../../wire/index.ts'
import { choose } from '../choose.ts'
import type { AppDeps, AppEnv } from '../deps.ts'
import { held, toFrames } from '../answer-frames.ts'
import { eventStream } from '../event-stream.ts'
import { readJson } from '../read-json.ts'

const toTurnRequest = (
  request: ChatRequest,
  { agent, model }: Choice,
  { tenant, deps }: { readonly tenant: string; readonly deps: AppDeps },
): TurnRequest => ({
  tenant,
  agent,
  model,
  history: request.history,
  limits: isTalker(agent) ? deps.talkerLimits : deps.doerLimits,
  budgetUsd: deps.budgetUsd,
  ...(request.maxOutputTokens === undefined ? {} : { maxOutputTokens: request.maxOutputTokens }),
  ...(request.reasoning === undefined ? {} : { reasoning: request.reasoning }),
  ...(request.stopTexts.length === 0 ? {} : { stopTexts: request.stopTexts }),
  ...(request.outputSchema === undefined ? {} : { outputSchema: request.outputSchema }),
})

export function chatCompletions(deps: AppDeps, newest: Newest) {
  const { engine, admission, catalogue, clock, observer, background } = deps

  /** One turn; where the caller names its conversation, only as long as no newer request of it comes (R53). */
  async function* run(
    turn: TurnRequest,
    conversation: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<TurnEvent, void> {
    if (conversation === undefined) {
      yield* engine.run(turn, { signal })
      return
    }
    // One that would be refused takes nobody's place.
    if (admission.isFull) throw admission.refusal('queue_full')
    const replaced = new AbortController()
    using _place = newest.enter(JSON.stringify([turn.tenant, conversation]), () =>
      replaced.abort(new GatewayError('superseded', 'A newer request of the same conversation took this one’s place.')),
    )
    yield* engine.run(turn, { signal: AbortSignal.any([signal, replaced.signal]) })
  }

  return async (c: Context<AppEnv>): Promise<Response> => {
    const request = parseChatRequest(readJson(c))
    const choice = choose(catalogue, request.model, request.stream ? deps.streamAgent : deps.agent)
    const requestId = c.get('requestId')
    const head: AnswerHead = { id: newId('chatcmpl-'), created: Math.floor(clock.nowMs() / 1000), model: choice.id }
    const { ignored, includeUsage } = request
    if (ignored.length > 0) observer.observe({ type: 'parameters-ignored', requestId, names: ignored })
    const headers: Record<string, string> = ignored.length > 0 ? { 'x-vivavoce-ignored': ignored.join(', ') } : {}

    const signal = AbortSignal.any([c.get('caller'), deps.stopping])
    const events = run(
      toTurnRequest(request, choice, { tenant: c.get('tenant'), deps }),
      c.req.header('x-conversation-id') || request.conversation,
      signal,
    )
    if (!request.stream) return Response.json(encodeCompletion(head, await collectTurn(events)), { headers })

    const failed = (error: GatewayError): void =>
      observer.observe({ type: 'request-failed', requestId, code: error.code, error })
    const frames = toFrames(await held(events, { clock, holdMs: deps.headerHoldMs }), {
      head,
      includeUsage,
      signal,
      failed,
    })
    const { response, streamed } = eventStream(frames, {
      clock,
      keepAliveMs: deps.keepAliveMs,
      settle: background.run,
      headers,
    })
    c.set('streamed', streamed)
    return response
  }
}
