import { createMiddleware } from 'hono/factory'
import type { AppDeps, AppEnv } from '../deps.ts'

/**
 * Closes the connection of a client that takes nothing of a response that was handed to its socket as a whole, and of the end
 * of a stream; the rest of a stream is watched by the event stream. Node looks whether any byte went out meanwhile, and
 * takes the limit back when the response is over. Bytes that the client sends begin the limit anew.
 */
export const writeTimeout = ({ writeTimeoutMs, observer }: Pick<AppDeps, 'writeTimeoutMs' | 'observer'>) =>
  createMiddleware<AppEnv>(async function writeTimeout(c, next) {
    await next()
    const bindings: AppEnv['Bindings'] | undefined = c.env
    const outgoing = bindings?.outgoing
    outgoing?.setTimeout(writeTimeoutMs, () => {
      // Nothing waits to be written: it is the response that is waited for.
      if (outgoing.writableLength === 0) return
      observer.observe({ type: 'client-stalled', requestId: c.get('requestId'), ms: writeTimeoutMs })
      outgoing.destroy()
    })
  })
