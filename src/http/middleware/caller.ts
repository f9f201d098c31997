import { createMiddleware } from 'hono/factory'
import type { AppEnv } from '../deps.ts'

/** The caller closed the connection before its response was whole. A normal end in a spoken conversation (R51). */
export class CallerLeftError extends Error {
  override readonly name = 'CallerLeftError'
}

/**
 * Gives the request the one signal that all of its work follows: it aborts when the response's connection closes early
 * (R50), with a reason of ours, because the server's own is no error and so would slip through everything that handles one.
 */
export const caller = () => {
  let arrivals = 0
  return createMiddleware<AppEnv>(async function caller(c, next) {
    c.set('arrival', ++arrivals)
    const left = new AbortController()
    const leave = (): void => left.abort(new CallerLeftError('the caller closed the connection'))
    const { signal } = c.req.raw
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
    c.set('caller', left.signal)
    await next()
  })
}
