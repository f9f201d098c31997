import { createMiddleware } from 'hono/factory'
import { newId, type Clock, type Observer } from '../../core/index.ts'
import type { AppEnv } from '../deps.ts'

/** Gives every request an id, in `x-request-id` of the reply (R71), and reports how it went. */
export const requestId = ({ clock, observer }: { readonly clock: Clock; readonly observer: Observer }) =>
  createMiddleware<AppEnv>(async function requestId(c, next) {
    const id = newId('req_')
    const startedAtMs = clock.nowMs()
    c.set('requestId', id)
    await next()
    c.res.headers.set('x-request-id', id)
    const { signal } = c.req.raw
    observer.observe({
      type: 'request-finished',
      requestId: id,
      method: c.req.method,
      path: c.req.path.replace(/^(\/v1\/conversational\/|\/jobs\/).*/, '$1…'),
      status: c.res.status,
      ms: clock.nowMs() - startedAtMs,
      left: signal.aborted,
    })
  })
