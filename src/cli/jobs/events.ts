/** The events of a job as they come, over as many connections as it takes. */
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { z } from 'zod'
import { JOB_STATUSES } from '../../core/index.ts'
import { parseJson } from '../../lib/index.ts'
import { connectionError, unexpectedReply, type Client } from '../client.ts'
import { CommandError, ConnectionError } from '../command-error.ts'
import type { World } from '../world.ts'
import { jobPath } from './job.ts'

/** Of kinds that this version does not know too. */
const eventSchema = z.looseObject({
  sequence: z.int(),
  attempt: z.int().optional(),
  text: z.string().optional(),
  name: z.string().optional(),
  input: z.string().optional(),
  error: z.string().optional(),
  in_ms: z.number().optional(),
  status: z.enum(JOB_STATUSES).optional(),
})

export type ShownEvent = z.output<typeof eventSchema> & { readonly type: string }

/** The server sends a comment every ten seconds; longer silence than this is a connection that is gone. */
const MAX_SILENCE_MS = 45_000
const WAITS_MS = [250, 500, 1000, 2000, 4000, 8000, ...Array.from({ length: 20 }, () => 15_000)]

interface FollowOptions extends Pick<World, 'clock' | 'pause' | 'signal'> {
  readonly client: Client
  /** The server was there a moment ago. */
  readonly wasReached: boolean
  /** Told when the connection was lost and before it is made anew. */
  onLost(waitMs: number): void
}

/** Aborts unless it hears something every so often. */
function silenceWatch({ clock, url }: { readonly clock: World['clock']; readonly url: string }) {
  const silent = new AbortController()
  const arm = (): Disposable =>
    clock.after(MAX_SILENCE_MS, () =>
      silent.abort(
        new ConnectionError(`${url} was silent for ${MAX_SILENCE_MS / 1000} s`, { cause: undefined, isBroken: true }),
      ),
    )
  let timer = arm()
  return {
    signal: silent.signal,
    heard() {
      timer[Symbol.dispose]()
      timer = arm()
    },
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  }
}

/** What one connection brings; `over` where nothing more is to come. */
async function* overOneConnection(
  id: string,
  lastSeen: number,
  { client, clock, signal: leaving }: FollowOptions,
): AsyncGenerator<ShownEvent | 'over'> {
  using watch = silenceWatch({ clock, url: client.url })
  const signal = AbortSignal.any([leaving, watch.signal])
  const headers = { accept: 'text/event-stream', ...(lastSeen === 0 ? {} : { 'last-event-id': String(lastSeen) }) }
  const response = await client.send(`${jobPath(id)}/events`, { headers, signal })
  if (response.status === 204) {
    yield 'over'
    return
  }
  if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true || response.body === null)
    throw unexpectedReply(client.url, 'no stream of events')
  const heard = new TransformStream<Uint8Array, Uint8Array>({
    transform(bytes, controller) {
      watch.heard()
      controller.enqueue(bytes)
    },
  })
  const events = response.body
    .pipeThrough(heard)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
  try {
    for await (const { event: type = 'message', data } of events) {
      const json = parseJson(data)
      const parsed = json.ok ? eventSchema.safeParse(json.value) : undefined
      if (parsed?.success !== true) throw unexpectedReply(client.url, `the event ${type} cannot be read`)
      yield { type, ...parsed.data }
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (error instanceof CommandError) throw error
    throw connectionError(client.url, error)
  }
}

/** What passes by itself: a connection that broke, a proxy whose server is being started anew. */
const isPassing = (error: unknown, wasReached: boolean): boolean =>
  error instanceof ConnectionError
    ? wasReached || error.isBroken
    : wasReached &&
      error instanceof CommandError &&
      [502, 503, 504].some((status) => error.details['status'] === status)

/**
 * Each event once, in order, up to `ended`, or up to where the server says that nothing more is to come.
 * @throws CommandError what the server says instead; ConnectionError when it stays away for minutes
 */
export async function* followEvents(id: string, options: FollowOptions): AsyncGenerator<ShownEvent> {
  let lastSeen = 0
  let wasReached = options.wasReached
  let losses = 0
  for (;;) {
    let lost: unknown
    try {
      for await (const event of overOneConnection(id, lastSeen, options)) {
        if (event === 'over') return
        if (event.sequence <= lastSeen) continue
        lastSeen = event.sequence
        losses = 0
        yield event
        if (event.type === 'ended') return
      }
    } catch (error) {
      if (options.signal.aborted || !isPassing(error, wasReached)) throw error
      lost = error
    }
    wasReached = true
    const waitMs = WAITS_MS[losses++]
    if (waitMs === undefined)
      throw lost ?? new CommandError(`${options.client.url} ends the stream before the job is over`)
    options.onLost(waitMs)
    await options.pause(waitMs, options.signal)
  }
}
