import type { Context } from 'hono'
import { GatewayError, isTalker } from '../../core/index.ts'
import { encodeReply, parseConversationalRequest } from '../../wire/index.ts'
import { choose } from '../choose.ts'
import type { AppDeps, AppEnv } from '../deps.ts'
import { readJson } from '../read-json.ts'
import { restOfPath } from '../rest-of-path.ts'

export function conversational({ conversations, catalogue, streamAgent, talkerLimits, stopping }: AppDeps) {
  return {
    async say(c: Context<AppEnv>): Promise<Response> {
      const { sessionId, message, model: name } = parseConversationalRequest(readJson(c))
      const { agent, model } = choose(catalogue, name, streamAgent)
      if (!isTalker(agent)) {
        throw new GatewayError(
          'invalid_request',
          `\`model\`: the agent ${agent.name} has tools; a conversation needs one without.`,
          { param: 'model' },
        )
      }
      const signal = AbortSignal.any([c.get('caller'), stopping])
      const reply = await conversations.say({
        tenant: c.get('tenant'),
        id: sessionId,
        message,
        agent,
        model,
        limits: talkerLimits,
        signal,
      })
      return c.json(encodeReply({ sessionId, reply }))
    },
    async forget(c: Context<AppEnv>): Promise<Response> {
      // A path cannot end in `.` or `..`, so any id may also come as a parameter.
      const id = c.req.query('session_id') ?? restOfPath(c, '/v1/conversational/')
      if (id === '') return await c.notFound()
      const signal = AbortSignal.any([c.get('caller'), stopping])
      if (!(await conversations.forget({ tenant: c.get('tenant'), id }, { signal })))
        throw new GatewayError('not_found', 'There is no such conversation.')
      return c.json({ session_id: id, deleted: true })
    },
  }
}
