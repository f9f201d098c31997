import { createMiddleware } from 'hono/factory'
import { newId, type Clock, type Observer } from '../../core/index.ts'
import type { Background } from '../background.ts'
import type { ClientAddress } from '../client-address.ts'
import type { AppEnv } from '../deps.ts'
import { createRequestAccount } from '../request-account.ts'
import { loggedPath } from '../paths.ts'

export interface RequestIdOptions {
  readonly clock: Clock
  readonly observer: Observer
  readonly background: Background
  readonly clientAddress: ClientAddress
}

/** Gives every request an id, in `x-request-id` of the reply (R71), and reports how it went once its response is over. */
export const requestId = ({ clock, observer, background, clientAddress }: RequestIdOptions) =>
  createMiddleware<AppEnv>(async function requestId(c, next) {
    const id = newId('req_')
    const startedAtMs = clock.nowMs()
    const account = createRequestAccount({ clock })
    // An app that is asked without a server has no connection; a connection knows its other end only while it is open.
    const bindings: AppEnv['Bindings'] | undefined = c.env
    const client = clientAddress(bindings?.incoming?.socket.remoteAddress, c.req.header('x-forwarded-for'))
    c.set('requestId', id)
    c.set('clientAddress', client)
    c.set('account', account)
    await next()
    c.res.headers.set('x-request-id', id)
    const { method } = c.req
    const path = loggedPath(c.req.path)
    const { status } = c.res
    const finished = (): void =>
      observer.observe({
        type: 'request-finished',
        requestId: id,
        method,
        path,
        status,
        ms: clock.nowMs() - startedAtMs,
        left: c.get('caller').aborted,
        ...(c.get('tenant') === undefined ? {} : { tenant: c.get('tenant') }),
        ...(client === undefined ? {} : { clientAddress: client }),
        ...account.figures,
      })
    const streamed = c.get('streamed')
    if (streamed === undefined) finished()
    else background.run(streamed.then(finished))
  })
