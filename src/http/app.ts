import { Hono } from 'hono'
import { GatewayError, toGatewayError } from '../core/index.ts'
import { createNewest, isAbortOf } from '../lib/index.ts'
import { closestPath, shownPath } from './closest-path.ts'
import type { AppDeps, AppEnv } from './deps.ts'
import { errorResponse } from './error-response.ts'
import { authenticate, identify } from './middleware/authenticate.ts'
import { caller } from './middleware/caller.ts'
import { crossOrigin } from './middleware/cross-origin.ts'
import { readBody } from './middleware/read-body.ts'
import { recogniseRetry } from './middleware/recognise-retry.ts'
import { refuseWhileStarting } from './middleware/refuse-while-starting.ts'
import { requestId } from './middleware/request-id.ts'
import { writeTimeout } from './middleware/write-timeout.ts'
import { methodsOf } from './paths.ts'
import { chatCompletions } from './routes/chat-completions.ts'
import { conversational } from './routes/conversational.ts'
import { execute } from './routes/execute.ts'
import { health } from './routes/health.ts'
import { jobRoutes } from './routes/jobs.ts'
import { models } from './routes/models.ts'
import { documentation, welcome } from './welcome/index.ts'

/** The whole edge as a function of a request; only `server.ts` knows sockets. */
export function createApp(deps: AppDeps): Hono<AppEnv> {
  const { clock, observer, stopping } = deps
  const app = new Hono<AppEnv>()
  const { list, one } = models(deps)
  const { say, read, forget } = conversational(deps)
  const job = jobRoutes(deps)
  const retry = recogniseRetry({ clock, observer })
  const body = readBody({ maxBytes: deps.maxBodyBytes, clock })
  const ready = refuseWhileStarting(deps)
  const who = identify(deps)

  app.use(caller())
  app.use(requestId({ clock, observer, background: deps.background, clientAddress: deps.clientAddress }))
  app.use(writeTimeout(deps))
  if (deps.corsOrigins.length > 0) app.use(crossOrigin(deps.corsOrigins))
  app.get('/', welcome(deps))
  app.get('/docs/*', documentation(deps))
  app.get('/health', health(deps, who))
  app.use(authenticate(who))
  app.use(async function refuseWhenStopping(_c, next) {
    stopping.throwIfAborted()
    await next()
  })
  app.post('/v1/chat/completions', ready, body, retry, chatCompletions(deps, createNewest()))
  app.get('/v1/models', list)
  app.get('/v1/models/*', one)
  app.post('/v1/conversational', ready, body, retry, say)
  app.get('/v1/conversational/*', read)
  app.delete('/v1/conversational/*', forget)
  app.post('/execute', ready, body, retry, execute(deps))
  app.get('/jobs', job.list)
  app.get('/jobs/:id', job.one)
  app.delete('/jobs/:id', job.cancel)
  app.get('/jobs/:id/patch', job.patch)
  app.get('/jobs/:id/events', job.events)

  app.notFound((c) => {
    const allowed = methodsOf(c.req.path)
    if (allowed === undefined) {
      const closest = closestPath(c.req.path)
      const hint = closest === undefined ? '' : ` Did you mean \`${closest}\`?`
      const message = `There is no path \`${shownPath(c.req.path)}\`.${hint}`
      return errorResponse(new GatewayError('not_found', message), c.req.path)
    }
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
    c.get('account').failed(error.code)
    observer.observe({ type: 'request-failed', requestId: c.get('requestId'), code: error.code, error })
    return errorResponse(error, c.req.path, { isListening: c.get('isListening') ?? false })
  })
  return app
}
