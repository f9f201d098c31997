import { z } from 'zod'
import { COMMON_USAGE, forStdout, openClient, parseWords, writeJson, type ClientCommand } from '../client-command.ts'
import { UsageError } from '../command-error.ts'
import { harmlessLine } from '../harmless.ts'

const USAGE = `usage: vivavoce conversations show [options] [--] ID

Prints a conversation; answers that were interrupted are marked. -- goes before an id that begins with a dash.

${COMMON_USAGE}
`

const messageSchema = z.looseObject({
  role: z.string(),
  content: z.string(),
  at: z.string(),
  interrupted: z.boolean().optional(),
  agent: z.string().optional(),
  model: z.string().optional(),
})

const conversationSchema = z.looseObject({ session_id: z.string(), messages: z.array(messageSchema) })

const headingOf = ({ role, at, interrupted, agent, model }: z.output<typeof messageSchema>): string =>
  [
    `── ${role}`,
    at.replace(/\.\d+Z$/, 'Z'),
    ...(agent === undefined || model === undefined ? [] : [`${agent}/${model}`]),
    ...(interrupted === true ? ['interrupted'] : []),
  ].join('  ')

export const show: ClientCommand = {
  usage: USAGE,
  async run(args, world) {
    const { values, positionals } = parseWords(args, {})
    const [id, ...rest] = positionals
    if (id === undefined || id === '' || rest.length > 0) throw new UsageError('one id of a conversation is expected')
    const { client } = openClient(values, world)
    const conversation = await client.ask(conversationSchema, '/v1/conversational', {
      query: { session_id: id },
      signal: world.signal,
    })
    if (values.json === true) {
      writeJson(world, conversation)
      return 0
    }
    for (const message of conversation.messages) {
      const content = forStdout(world, message.content)
      world.stdout.write(`${harmlessLine(headingOf(message))}\n${content}${content.endsWith('\n') ? '' : '\n'}`)
    }
    return 0
  },
}
