/** The way of an answer's events into the frames of its stream. */
import {
  GatewayError,
  toGatewayError,
  type CallEvent,
  type Clock,
  type TurnEnd,
  type TurnEvent,
} from '../core/index.ts'
import { encodeSseEvent, isAbortOf } from '../lib/index.ts'
import type { Frames } from './event-stream.ts'

/** The objects that are sent for what happens in an answer. */
export interface AnswerEncoder {
  text(text: string): readonly object[]
  call(event: CallEvent): readonly object[]
  /** An agent uses a tool of its own; what shows that may be nothing. */
  tool(name: string): readonly object[]
  end(end: TurnEnd): readonly object[]
  failure(error: GatewayError): object
}

const TOOL_NAME_CHARS = 128

/** The model chose the name, so only plain characters of the name leave. */
const plainName = (name: string): string => name.slice(0, TOOL_NAME_CHARS).replace(/[^\w.-]/g, '_')

/** The frames of an answer. What fails after the headers is the last frame; an abort ends without one (R63). */
export async function* toFrames(
  events: AsyncIterable<TurnEvent>,
  {
    encode,
    signal,
    failed,
  }: {
    readonly encode: AnswerEncoder
    readonly signal: AbortSignal
    readonly failed: (error: GatewayError) => void
  },
): AsyncGenerator<Frames, void> {
  const frame = (chunks: readonly object[]): string =>
    chunks.map((chunk) => encodeSseEvent(JSON.stringify(chunk))).join('')
  const failure = (error: GatewayError): Frames => {
    failed(error)
    return { text: frame([encode.failure(error)]), last: true }
  }
  /** No frame is empty: the event stream counts each as something that was sent. */
  const between = (chunks: readonly object[]): readonly Frames[] =>
    chunks.length === 0 ? [] : [{ text: frame(chunks), last: false }]
  let over = false
  try {
    for await (const event of events) {
      switch (event.type) {
        case 'text-delta':
          yield* between(encode.text(event.text))
          break
        case 'call-start':
        case 'call-delta':
          yield* between(encode.call(event))
          break
        case 'tool-use':
          yield* between(encode.tool(plainName(event.name)))
          break
        case 'turn-end':
          over = true
          yield { text: frame(encode.end(event)) + encodeSseEvent('[DONE]'), last: true }
          break
        case 'turn-failed':
          over = true
          yield failure(event.error)
          break
      }
    }
  } catch (error) {
    // The answer was whole; what failed is the clearing up behind it.
    if (over) throw error
    // The reason of an abort is the caller's leaving, or our own stopping, which the caller is told.
    if (isAbortOf(error, signal) && !(signal.reason instanceof GatewayError)) return
    yield failure(toGatewayError(error))
  }
}

/** Waits for the first event, at most `holdMs`, then gives the same events on. What fails by then is thrown (R27). */
export async function held<T>(
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
