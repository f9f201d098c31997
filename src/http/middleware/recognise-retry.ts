import { createMiddleware } from 'hono/factory'
import type { Clock, Observer } from '../../core/index.ts'
import type { AppEnv } from '../deps.ts'

const REMEMBERED_MS = 60_000
const MAX_REMEMBERED = 1000

/**
 * Recognises a request that is sent again after its socket died: clients do so with no mark on it (R67). The first run
 * was stopped when its socket closed, so the second costs nothing twice; it is reported under both ids.
 */
export const recogniseRetry = ({ clock, observer }: { readonly clock: Clock; readonly observer: Observer }) => {
  const died = new Map<string, { readonly requestId: string; readonly atMs: number }>()
  return createMiddleware<AppEnv>(async function recogniseRetry(c, next) {
    const signal = c.get('caller')
    const requestId = c.get('requestId')
    const hash = `${c.req.path}\n${c.get('tenant')}\n${c.get('bodyDigest')}`
    const before = died.get(hash)
    if (before !== undefined && clock.nowMs() - before.atMs < REMEMBERED_MS) {
      observer.observe({ type: 'request-retried', requestId, retryOf: before.requestId })
    }
    died.delete(hash)
    signal.addEventListener(
      'abort',
      () => {
        died.set(hash, { requestId, atMs: clock.nowMs() })
        const oldest = died.keys().next()
        if (died.size > MAX_REMEMBERED && oldest.done !== true) died.delete(oldest.value)
      },
      { once: true },
    )
    await next()
  })
}
