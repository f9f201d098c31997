import type { Context } from 'hono'
import { GatewayError, isTalker, type Choice } from '../../core/index.ts'
import {
  createReplyEncoder,
  encodeConversation,
  encodeConversations,
  encodePlainError,
  encodeReply,
  parseConversationalRequest,
  parsePageQuery,
} from '../../wire/index.ts'
import { held, toFrames } from '../answer-frames.ts'
import { choose } from '../choose.ts'
import type { AppDeps, AppEnv } from '../deps.ts'
import { eventStream } from '../event-stream.ts'
import { readJson } from '../read-json.ts'
import { restOfPath } from '../rest-of-path.ts'

const PATH = '/v1/conversational'

const noConversation = (): GatewayError => new GatewayError('not_found', 'There is no such conversation.')

/** The conversation that is named. A path cannot end in `.` or `..`, so any id may also come as a parameter. */
const idOf = (c: Context<AppEnv>): string => c.req.query('session_id') ?? restOfPath(c, `${PATH}/`)

function refuseDoer({ agent }: Choice): void {
  if (isTalker(agent)) return
  throw new GatewayError(
    'invalid_request',
    `\`model\`: the agent ${agent.name} has tools; a conversation needs one without.`,
    { param: 'model' },
  )
}

export function conversational(deps: AppDeps) {
  const { conversations, catalogue, streamAgent, talkerLimits, clock, observer, background } = deps
  const signalOf = (c: Context<AppEnv>): AbortSignal => AbortSignal.any([c.get('caller'), deps.stopping])

  return {
    async say(c: Context<AppEnv>): Promise<Response> {
      const { sessionId, message, model: name, stream } = parseConversationalRequest(readJson(c))
      const choice = choose(catalogue, name, streamAgent)
      refuseDoer(choice)
      const { agent, model } = choice
      const signal = signalOf(c)
      const turn = { tenant: c.get('tenant'), id: sessionId, message, agent, model, limits: talkerLimits, signal }
      if (!stream) return c.json(encodeReply({ sessionId, reply: await conversations.say(turn) }))

      const requestId = c.get('requestId')
      const failed = (error: GatewayError): void =>
        observer.observe({ type: 'request-failed', requestId, code: error.code, error })
      const events = await held(conversations.stream(turn), { clock, holdMs: deps.headerHoldMs })
      const encode = { ...createReplyEncoder(sessionId), failure: encodePlainError }
      const { response, streamed } = eventStream(toFrames(events, { encode, signal, failed }), {
        clock,
        keepAliveMs: deps.keepAliveMs,
        settle: background.run,
        headers: {},
      })
      c.set('streamed', streamed)
      return response
    },
    /** One conversation where one is named, else the list of them. */
    async read(c: Context<AppEnv>): Promise<Response> {
      const tenant = c.get('tenant')
      if (c.req.path === PATH && c.req.query('session_id') === undefined)
        return c.json(encodeConversations(await conversations.list(tenant, parsePageQuery(c.req.query()))))
      const id = idOf(c)
      const conversation = await conversations.get({ tenant, id })
      if (conversation === undefined) throw noConversation()
      return c.json(encodeConversation(conversation))
    },
    async forget(c: Context<AppEnv>): Promise<Response> {
      const id = idOf(c)
      if (id === '') return await c.notFound()
      if (!(await conversations.forget({ tenant: c.get('tenant'), id }, { signal: signalOf(c) })))
        throw noConversation()
      return c.json({ session_id: id, deleted: true })
    },
  }
}
