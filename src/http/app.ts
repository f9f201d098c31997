import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { GatewayError, toGatewayError } from '../core/index.ts'
import { createNewest, isAbortOf } from '../lib/index.ts'
import type { AppDeps, AppEnv } from './deps.ts'
import { errorResponse } from './error-response.ts'
import { authenticate } from './middleware/authenticate.ts'
import { caller } from './middleware/caller.ts'
import { recogniseRetry } from './middleware/recognise-retry.ts'
import { requestId } from './middleware/request-id.ts'
import { chatCompletions } from './routes/chat-completions.ts'
import { conversational } from './routes/conversational.ts'
import { health } from './routes/health.ts'
import { jobRoutes } from './routes/jobs.ts'
import { models } from './routes/models.ts'

/** The paths and the methods that each takes. */
const METHODS: readonly (readonly [path: RegExp, methods: string])[] = [
  [/^\/health$/, 'GET'],
  [/^\/v1\/chat\/completions$/, 'POST'],
  [/^\/v1\/models(\/.+)?$/, 'GET'],
  [/^\/v1\/conversational$/, 'POST'],
  [/^\/v1\/conversational\/.+$/, 'DELETE'],
  [/^\/execute$/, 'POST'],
  [/^\/jobs\/[^/]+$/, 'GET'],
]

/** The whole edge as a function of a request; only `server.ts` knows sockets. */
export function createApp(deps: AppDeps): Hono<AppEnv> {
  const { clock, observer, stopping } = deps
  const app = new Hono<AppEnv>()
  const { list, one } = models(deps)
  const { say, forget } = conversational(deps)
  const { execute, one: oneJob } = jobRoutes(deps)
  const retry = recogniseRetry({ clock, observer })
  const limit = bodyLimit({
    maxSize: deps.maxBodyBytes,
    onError: () => {
      throw new GatewayError(
        'request_too_large',
        `The body is larger than ${Math.floor(deps.maxBodyBytes / 1024 / 1024)} MiB.`,
      )
    },
  })

  app.use(caller())
  app.use(requestId({ clock, observer, background: deps.background }))
  app.get('/health', health(deps))
  app.use(authenticate(deps))
  app.use(async function refuseWhenStopping(_c, next) {
    stopping.throwIfAborted()
    await next()
  })
  app.post('/v1/chat/completions', limit, retry, chatCompletions(deps, createNewest()))
  app.get('/v1/models', list)
  app.get('/v1/models/*', one)
  app.post('/v1/conversational', limit, retry, say)
  app.delete('/v1/conversational/*', forget)
  app.post('/execute', limit, retry, execute)
  app.get('/jobs/:id', oneJob)

  app.notFound((c) => {
    const allowed = METHODS.find(([path]) => path.test(c.req.path))?.[1]
    if (allowed === undefined) return errorResponse(new GatewayError('not_found', 'There is no such path.'), c.req.path)
    const response = errorResponse(
      new GatewayError('method_not_allowed', `This path takes ${allowed} only.`),
      c.req.path,
    )
    response.headers.set('allow', allowed)
    return response
  })
  app.onError((thrown, c) => {
    // The caller is gone: nobody reads this answer, and leaving is no failure.
    if (isAbortOf(thrown, c.get('caller'))) return new Response(null, { status: 503 })
    const error = toGatewayError(thrown)
    observer.observe({ type: 'request-failed', requestId: c.get('requestId'), code: error.code, error })
    return errorResponse(error, c.req.path)
  })
  return app
}
