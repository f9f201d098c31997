import type { Context } from 'hono'
import {
  collectTurn,
  GatewayError,
  goesOnFromCalls,
  isTalker,
  mustCall,
  newId,
  type Choice,
  type TurnEnd,
  type TurnEvent,
  type TurnRequest,
} from '../../core/index.ts'
import type { Newest } from '../../lib/index.ts'
import {
  createChunkEncoder,
  customNamesOf,
  encodeCompletion,
  encodeOpenAiError,
  parseChatRequest,
  type AnswerHead,
  type ChatRequest,
} from '../../wire/index.ts'
import { slotRequestOf } from '../../access/index.ts'
import { choose } from '../choose.ts'
import type { AppDeps, AppEnv } from '../deps.ts'
import { held, toFrames } from '../answer-frames.ts'
import { readJson } from '../read-json.ts'
import { streamResponse } from '../stream-response.ts'

/** A doer thinks unless it is told not to, and the model API lets nobody who thinks choose how words are drawn. */
const canSample = ({ agent }: Choice, { reasoning }: ChatRequest): boolean => isTalker(agent) || reasoning === 'none'

/** What of the request has no effect. */
function ignoredOf(request: ChatRequest, choice: Choice): readonly string[] {
  const { sampling, reasoning = 'none', history, ignored } = request
  const cannotThink = isTalker(choice.agent) && (mustCall(request) || goesOnFromCalls(history))
  return [
    ...ignored,
    ...(sampling === undefined || canSample(choice, request)
      ? []
      : [sampling.temperature === undefined ? 'top_p' : 'temperature']),
    ...(reasoning !== 'none' && cannotThink ? ['reasoning_effort'] : []),
  ]
}

/** Whether it is about functions of the client, which only a talker calls. */
const hasFunctions = ({ functions, history }: ChatRequest): boolean =>
  functions !== undefined || history.some((message) => message.role === 'tool')

function refuseFunctions(request: ChatRequest, { agent }: Choice): void {
  if (isTalker(agent) || request.functions === undefined || request.functions.choice === 'none') return
  throw new GatewayError(
    'invalid_request',
    `\`tools\`: the agent ${agent.name} has tools of its own; functions can be offered to one without.`,
    { param: 'tools' },
  )
}

const toTurnRequest = (
  request: ChatRequest,
  choice: Choice,
  {
    tenant,
    conversation,
    deps,
  }: { readonly tenant: string; readonly conversation: string | undefined; readonly deps: AppDeps },
): TurnRequest => ({
  tenant,
  agent: choice.agent,
  model: choice.model,
  history: request.history,
  limits: isTalker(choice.agent) ? deps.talkerLimits : deps.doerLimits,
  budgetUsd: deps.budgetUsd,
  ...(request.maxOutputTokens === undefined ? {} : { maxOutputTokens: request.maxOutputTokens }),
  ...(request.reasoning === undefined ? {} : { reasoning: request.reasoning }),
  ...(conversation === undefined ? {} : { conversation }),
  ...(request.sampling === undefined || !canSample(choice, request) ? {} : { sampling: request.sampling }),
  ...(request.functions === undefined || !isTalker(choice.agent) ? {} : { functions: request.functions }),
  ...(request.stopTexts.length === 0 ? {} : { stopTexts: request.stopTexts }),
  ...(request.outputSchema === undefined ? {} : { outputSchema: request.outputSchema }),
})

export function chatCompletions(deps: AppDeps, newest: Newest) {
  const { engine, admission, clock, observer } = deps

  /** One turn that is streamed; where the caller names its conversation, only as long as no newer one of it comes (R53). */
  async function* stream(
    turn: TurnRequest,
    { arrival, signal }: { readonly arrival: number; readonly signal: AbortSignal },
  ): AsyncGenerator<TurnEvent, void> {
    const { conversation } = turn
    if (conversation === undefined) {
      yield* engine.run(turn, { signal })
      return
    }
    // One that would be refused takes nobody's place.
    const refusal = admission.refusalOf(slotRequestOf(turn))
    if (refusal !== undefined) throw refusal
    const replaced = new AbortController()
    using _place = newest.enter(JSON.stringify([turn.tenant, conversation]), arrival, () =>
      replaced.abort(new GatewayError('superseded', 'A newer request of the same conversation took this one’s place.')),
    )
    yield* engine.run(turn, { signal: AbortSignal.any([signal, replaced.signal]) })
  }

  /**
   * One that is not streamed may run beside the live one, and takes nobody's place (R55). An answer that does not satisfy its
   * schema has not been sent to anybody yet: it is asked for once more.
   */
  async function collect(turn: TurnRequest, signal: AbortSignal): Promise<TurnEnd> {
    try {
      return await collectTurn(engine.run(turn, { signal }))
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'schema_unmet' || !isTalker(turn.agent)) throw error
      return await collectTurn(engine.run(turn, { signal }))
    }
  }

  return async (c: Context<AppEnv>): Promise<Response> => {
    const request = parseChatRequest(readJson(c))
    const { catalogue, chatAgent, unstreamedAgent } = deps.offer()
    const defaultAgent = request.stream || hasFunctions(request) ? chatAgent : unstreamedAgent
    const choice = choose(catalogue, request.model, defaultAgent)
    refuseFunctions(request, choice)
    c.set('isListening', request.stream && isTalker(choice.agent))
    const requestId = c.get('requestId')
    const account = c.get('account')
    account.chose(choice)
    const head: AnswerHead = { id: newId('chatcmpl-'), created: Math.floor(clock.nowMs() / 1000), model: choice.id }
    const { includeUsage } = request
    const customNames = customNamesOf(request.functions)
    const ignored = ignoredOf(request, choice)
    if (ignored.length > 0) observer.observe({ type: 'parameters-ignored', requestId, names: ignored })
    const headers: Record<string, string> = ignored.length > 0 ? { 'x-vivavoce-ignored': ignored.join(', ') } : {}

    const signal = AbortSignal.any([c.get('caller'), deps.stopping])
    const conversation = c.req.header('x-conversation-id') || request.conversation
    const turn = { ...toTurnRequest(request, choice, { tenant: c.get('tenant'), conversation, deps }), watch: account }
    if (!request.stream)
      return Response.json(encodeCompletion(head, await collect(turn, signal), customNames), { headers })
    const events = stream(turn, { arrival: c.get('arrival'), signal })

    const failed = (error: GatewayError): void => {
      account.failed(error.code)
      observer.observe({ type: 'request-failed', requestId, code: error.code, error })
    }
    const frames = toFrames(await held(events, { clock, holdMs: deps.headerHoldMs }), {
      encode: { ...createChunkEncoder(head, { includeUsage, customNames }), failure: encodeOpenAiError },
      signal,
      failed,
    })
    return streamResponse(c, frames, { ...deps, keepAlive: 'white-space', headers })
  }
}
