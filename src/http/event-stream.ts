/**
 * Frames as the body of an event stream. Framed on pull: a slow reader slows the turn down (R40). The headers leave at
 * once and alone (R27), and something that clients do not notice fills every silence (R28).
 */
import { encodeSseComment, SSE_DATA } from '../lib/index.ts'
import type { Clock } from '../core/index.ts'

const COMMENT = encodeSseComment('keep-alive')

export interface EventStreamOptions {
  readonly clock: Clock
  readonly keepAliveMs: number
  /** How long the reader may leave what is ready for it; then `stalled` is called, which closes its connection. */
  readonly writeTimeoutMs: number
  readonly stalled: () => void
  /** Takes over the end of the frames' iteration, which outlives the response by what a process takes to stop. */
  readonly settle: (ending: Promise<unknown>) => void
  /**
   * What fills a silence. `white-space` opens the data line of the next event early and lengthens the blank before its
   * JSON, which is all that every OpenAI client survives; it needs frames that start with `data: ` and JSON. `comment`
   * sends a comment line. Measured in docs/decisions/2026-11-29-keep-alive.md.
   */
  readonly keepAlive: 'white-space' | 'comment'
  /** Besides those of every event stream. */
  readonly headers: Readonly<Record<string, string>>
}

/** `last` ends the response; frames are read no further. */
export interface Frames {
  readonly text: string
  readonly last: boolean
}

const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
}

/** `streamed` resolves when the last byte was handed on, or the reader left. */
export interface EventStream {
  readonly response: Response
  readonly streamed: Promise<void>
}

export function eventStream(
  frames: AsyncIterator<Frames, void>,
  { clock, keepAliveMs, writeTimeoutMs, stalled, settle, keepAlive, headers }: EventStreamOptions,
): EventStream {
  const over = Promise.withResolvers<void>()
  const encoder = new TextEncoder()
  let begun = false
  /** A silence has opened the data line of the next event. */
  let isOpen = false
  let pending: Promise<IteratorResult<Frames, void>> | undefined
  let writing: Disposable | undefined
  const filler = (): string => {
    if (keepAlive === 'comment') return COMMENT
    if (isOpen) return ' '
    isOpen = true
    return SSE_DATA
  }
  const leave = (): void => {
    writing?.[Symbol.dispose]()
    over.resolve()
    // A generator that was never begun would not give back what its caller acquired for it: it is begun, then left.
    settle((begun ? Promise.resolve() : frames.next()).then(() => frames.return?.()))
  }

  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        begun = true
        writing?.[Symbol.dispose]()
        pending ??= frames.next().catch((error: unknown) => {
          over.resolve()
          throw error
        })
        const silence = Promise.withResolvers<'silence'>()
        using _timer = clock.after(keepAliveMs, () => silence.resolve('silence'))
        const next = await Promise.race([pending, silence.promise])
        if (next === 'silence') {
          controller.enqueue(encoder.encode(filler()))
          writing = clock.after(writeTimeoutMs, stalled)
          return
        }
        pending = undefined
        if (next.done === true) {
          controller.close()
          over.resolve()
          return
        }
        const { text } = next.value
        controller.enqueue(encoder.encode(isOpen ? text.slice(SSE_DATA.length) : text))
        isOpen = false
        if (!next.value.last) {
          writing = clock.after(writeTimeoutMs, stalled)
          return
        }
        controller.close()
        leave()
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  )
  return { response: new Response(body, { headers: { ...headers, ...EVENT_STREAM_HEADERS } }), streamed: over.promise }
}
