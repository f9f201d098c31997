/** The events of a job as a stream, from the start or from where a client was broken off. */
import type { Context } from 'hono'
import { toGatewayError, type Job, type JobEvent, type GatewayError } from '../../core/index.ts'
import { isAbortOf } from '../../lib/index.ts'
import { encodeJobEvent, parseLastEventId } from '../../wire/index.ts'
import type { AppDeps, AppEnv } from '../deps.ts'
import type { Frames } from '../event-stream.ts'
import { streamResponse } from '../stream-response.ts'

/** A failure ends the stream without `ended`, so that the client comes back for the rest. */
async function* toFrames(
  events: AsyncIterable<JobEvent>,
  { signal, failed }: { readonly signal: AbortSignal; readonly failed: (error: GatewayError) => void },
): AsyncGenerator<Frames, void> {
  try {
    for await (const event of events) yield { text: encodeJobEvent(event), last: event.type === 'ended' }
  } catch (error) {
    if (!isAbortOf(error, signal)) failed(toGatewayError(error))
  }
}

export const jobEvents =
  (deps: AppDeps) =>
  async (c: Context<AppEnv>, job: Job): Promise<Response> => {
    const { jobs, observer, stopping } = deps
    const after = parseLastEventId(c.req.header('last-event-id') ?? c.req.query('last_event_id'))
    // The body of an answer to HEAD is never read, so nothing may be begun for it.
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream; charset=utf-8' })
    const signal = AbortSignal.any([c.get('caller'), stopping])
    const events = await jobs.follow(job, { after, signal })
    if (events === undefined) return c.body(null, 204)
    const requestId = c.get('requestId')
    const account = c.get('account')
    const failed = (error: GatewayError): void => {
      account.failed(error.code)
      observer.observe({ type: 'request-failed', requestId, code: error.code, error })
    }
    return streamResponse(c, toFrames(events, { signal, failed }), { ...deps, keepAlive: 'comment', headers: {} })
  }
