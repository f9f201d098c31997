import type { Context } from 'hono'
import {
  collectTurn,
  GatewayError,
  isTalker,
  newId,
  toGatewayError,
  type Choice,
  type Clock,
  type TurnEvent,
  type TurnRequest,
} from '../../core/index.ts'
import { encodeSseEvent, isAbortOf, type Newest } from '../../lib/index.ts'
import {
  createChunkEncoder,
  encodeCompletion,
  encodeOpenAiError,
  parseChatRequest,
  type AnswerHead,
  type ChatRequest,
} from '../../wire/index.ts'
import { choose } from '../choose.ts'
import type { AppDeps, AppEnv } from '../deps.ts'
import { eventStream, type Frames } from '../event-stream.ts'
import { readJson } from '../read-json.ts'

const toTurnRequest = (request: ChatRequest, { agent, model }: Choice, deps: AppDeps): TurnRequest => ({
  agent,
  model,
  history: request.history,
  limits: isTalker(agent) ? deps.talkerLimits : deps.doerLimits,
  budgetUsd: deps.budgetUsd,
  ...(request.maxOutputTokens === undefined ? {} : { maxOutputTokens: request.maxOutputTokens }),
  ...(request.stopTexts.length === 0 ? {} : { stopTexts: request.stopTexts }),
  ...(request.outputSchema === undefined ? {} : { outputSchema: request.outputSchema }),
})

/** The frames of an answer. What fails after the headers is the last frame; an abort ends without one (R63). */
async function* toFrames(
  events: AsyncIterable<TurnEvent>,
  {
    head,
    includeUsage,
    signal,
    failed,
  }: {
    readonly head: AnswerHead
    readonly includeUsage: boolean
    readonly signal: AbortSignal
    readonly failed: (error: GatewayError) => void
  },
): AsyncGenerator<Frames, void> {
  const encode = createChunkEncoder(head, { includeUsage })
  const frame = (chunks: readonly object[]): string =>
    chunks.map((chunk) => encodeSseEvent(JSON.stringify(chunk))).join('')
  const failure = (error: GatewayError): Frames => {
    failed(error)
    return { text: frame([encodeOpenAiError(error)]), last: true }
  }
  try {
    for await (const event of events) {
      switch (event.type) {
        case 'text-delta':
          yield { text: frame(encode.text(event.text)), last: false }
          break
        case 'turn-end':
          yield { text: frame(encode.end(event)) + encodeSseEvent('[DONE]'), last: true }
          break
        case 'turn-failed':
          yield failure(event.error)
          break
      }
    }
  } catch (error) {
    // The reason of an abort is the caller's leaving, or our own stopping, which the caller is told.
    if (isAbortOf(error, signal) && !(signal.reason instanceof GatewayError)) return
    yield failure(toGatewayError(error))
  }
}

/** Waits for the first event, at most `holdMs`, then gives the same events on. What fails by then is thrown (R27). */
async function held<T>(
  events: AsyncIterable<T>,
  { clock, holdMs }: { readonly clock: Clock; readonly holdMs: number },
): Promise<AsyncIterable<T>> {
  const iterator = events[Symbol.asyncIterator]()
  const first = iterator.next()
  const late = Promise.withResolvers<void>()
  using _timer = clock.after(holdMs, late.resolve)
  await Promise.race([first, late.promise])
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for (let next = await first; next.done !== true; next = await iterator.next()) yield next.value
      } finally {
        await iterator.return?.()
      }
    },
  }
}

export function chatCompletions(deps: AppDeps, newest: Newest) {
  const { engine, catalogue, clock, observer, background } = deps

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
    const replaced = new AbortController()
    using _place = newest.enter(conversation, () =>
      replaced.abort(new GatewayError('superseded', 'A newer request of the same conversation took this one’s place.')),
    )
    yield* engine.run(turn, { signal: AbortSignal.any([signal, replaced.signal]) })
  }

  return async (c: Context<AppEnv>): Promise<Response> => {
    const request = parseChatRequest(await readJson(c))
    const choice = choose(catalogue, request.model, request.stream ? deps.streamAgent : deps.agent)
    const requestId = c.get('requestId')
    const head: AnswerHead = { id: newId('chatcmpl-'), created: Math.floor(clock.nowMs() / 1000), model: choice.id }
    const { ignored, includeUsage } = request
    if (ignored.length > 0) observer.observe({ type: 'parameters-ignored', requestId, names: ignored })
    const headers: Record<string, string> = ignored.length > 0 ? { 'x-vivavoce-ignored': ignored.join(', ') } : {}

    const signal = AbortSignal.any([c.get('caller'), deps.stopping])
    const events = run(
      toTurnRequest(request, choice, deps),
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
