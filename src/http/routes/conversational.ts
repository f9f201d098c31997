import type { Context } from 'hono'
import { GatewayError, isTalker, type Choice, type ConversationName } from '../../core/index.ts'
import {
  createReplyEncoder,
  encodeConversation,
  encodeConversations,
  encodePlainError,
  encodeReply,
  isSessionId,
  parseConversationalRequest,
  parsePageQuery,
} from '../../wire/index.ts'
import { held, toFrames } from '../answer-frames.ts'
import { choose } from '../choose.ts'
import type { AppDeps, AppEnv } from '../deps.ts'
import { readJson } from '../read-json.ts'
import { restOfPath } from '../rest-of-path.ts'
import { streamResponse } from '../stream-response.ts'

const PATH = '/v1/conversational'

const noConversation = (): GatewayError => new GatewayError('not_found', 'There is no such conversation.')

/** The id that is named. A path cannot end in `.` or `..`, so any id may also come as a parameter. */
const namedIn = (c: Context<AppEnv>): string => c.req.query('session_id') ?? restOfPath(c, `${PATH}/`)

/** The conversation of that id. @throws GatewayError `not_found` when there can be none. */
function conversationOf(c: Context<AppEnv>, id: string): ConversationName {
  if (!isSessionId(id)) throw noConversation()
  return { tenant: c.get('tenant'), id }
}

function refuseDoer({ agent }: Choice): void {
  if (isTalker(agent)) return
  throw new GatewayError(
    'invalid_request',
    `\`model\`: the agent ${agent.name} has tools; a conversation needs one without.`,
    { param: 'model' },
  )
}

export function conversational(deps: AppDeps) {
  const { conversations, talkerLimits, clock, observer } = deps
  const signalOf = (c: Context<AppEnv>): AbortSignal => AbortSignal.any([c.get('caller'), deps.stopping])

  return {
    async say(c: Context<AppEnv>): Promise<Response> {
      const { sessionId, message, model: name, stream } = parseConversationalRequest(readJson(c))
      const { catalogue, chatAgent } = deps.offer()
      const choice = choose(catalogue, name, chatAgent)
      refuseDoer(choice)
      const { agent, model } = choice
      const signal = signalOf(c)
      const account = c.get('account')
      account.chose(choice)
      const turn = {
        watch: account,
        tenant: c.get('tenant'),
        id: sessionId,
        message,
        agent,
        model,
        limits: talkerLimits,
        signal,
      }
      if (!stream) return c.json(encodeReply({ sessionId, reply: await conversations.say(turn) }))

      const requestId = c.get('requestId')
      const failed = (error: GatewayError): void => {
        account.failed(error.code)
        observer.observe({ type: 'request-failed', requestId, code: error.code, error })
      }
      const events = await held(conversations.stream(turn), { clock, holdMs: deps.headerHoldMs })
      const encode = { ...createReplyEncoder(sessionId), failure: encodePlainError }
      const frames = toFrames(events, { encode, signal, failed })
      return streamResponse(c, frames, { ...deps, keepAlive: 'white-space', headers: {} })
    },
    /** One conversation where one is named, else the list of them. */
    async read(c: Context<AppEnv>): Promise<Response> {
      if (c.req.path === PATH && c.req.query('session_id') === undefined)
        return c.json(encodeConversations(await conversations.list(c.get('tenant'), parsePageQuery(c.req.query()))))
      const conversation = await conversations.get(conversationOf(c, namedIn(c)))
      if (conversation === undefined) throw noConversation()
      return c.json(encodeConversation(conversation))
    },
    async forget(c: Context<AppEnv>): Promise<Response> {
      const id = namedIn(c)
      if (id === '') return await c.notFound()
      if (!(await conversations.forget(conversationOf(c, id), { signal: signalOf(c) }))) throw noConversation()
      return c.json({ session_id: id, deleted: true })
    },
  }
}
