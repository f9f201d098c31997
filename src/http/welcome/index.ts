import type { Context } from 'hono'
import { accepts } from 'hono/accepts'
import { GatewayError } from '../../core/index.ts'
import type { AppDeps, AppEnv } from '../deps.ts'
import { baseUrl } from './base-url.ts'
import { toOverview } from './overview.ts'
import { CONTENT_SECURITY_POLICY, renderPage } from './page.ts'

/** `GET /`: says without a key what this server is, whether it is ready, and how to use it. */
export const welcome =
  ({ version, cliState, rehearsal, clock, documents }: AppDeps) =>
  async (c: Context<AppEnv>): Promise<Response> => {
    const overview = toOverview({
      version,
      cli: cliState(),
      rehearsal,
      nowMs: clock.nowMs(),
      baseUrl: baseUrl({
        host: c.req.header('host'),
        forwardedHost: c.req.header('x-forwarded-host'),
        forwardedProtocol: c.req.header('x-forwarded-proto'),
      }),
      documents,
    })
    c.header('vary', 'accept')
    c.header('cache-control', 'no-store')
    c.header('x-content-type-options', 'nosniff')
    const type = accepts(c, { header: 'Accept', supports: ['text/html', 'application/json'], default: 'text/html' })
    if (type === 'application/json') return c.json(overview)
    c.header('content-security-policy', CONTENT_SECURITY_POLICY)
    c.header('referrer-policy', 'no-referrer')
    return await c.html(renderPage(overview))
  }

/** `GET /docs/…`: the README and the reference pages of this version, as Markdown that a browser shows. */
export const documentation =
  ({ documents }: AppDeps) =>
  (c: Context<AppEnv>): Response => {
    const text = documents.get(c.req.path.slice('/docs/'.length))
    if (text === undefined) throw new GatewayError('not_found', 'There is no such page. `GET /` lists the pages.')
    c.header('x-content-type-options', 'nosniff')
    return c.text(text)
  }
