import { cors } from 'hono/cors'
import { every } from 'hono/combine'
import { createMiddleware } from 'hono/factory'
import type { AppEnv } from '../deps.ts'

/** A day; browsers cut it to what they allow. */
const PREFLIGHT_SECONDS = 86_400

/** Headers of replies that a page may read beyond the few that it always may. */
const EXPOSED = ['x-request-id', 'x-vivavoce-ignored', 'retry-after', 'retry-after-ms', 'x-should-retry']

/** Chromium asks for this before a page of a public site may reach a private address, such as this machine's. */
const privateNetwork = createMiddleware<AppEnv>(async function privateNetwork(c, next) {
  await next()
  if (c.req.method !== 'OPTIONS' || !c.res.headers.has('access-control-allow-origin')) return
  if (c.req.header('access-control-request-private-network') === 'true')
    c.res.headers.set('access-control-allow-private-network', 'true')
})

/** Lets pages of these origins (`*`: of any) call, and answers their preflights without a key. Cookies are not used. */
export const crossOrigin = (origins: readonly string[]) =>
  every(
    privateNetwork,
    cors({
      origin: origins.includes('*') ? '*' : [...origins],
      allowMethods: ['GET', 'POST', 'DELETE'],
      exposeHeaders: EXPOSED,
      maxAge: PREFLIGHT_SECONDS,
    }),
  )
