import { z } from 'zod'
import { clientOptions, forStdout, openClient, writeJson } from '../client-command.ts'
import { UsageError } from '../command-error.ts'
import { defineCommand } from '../command-line/index.ts'
import { harmlessLine } from '../harmless.ts'

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

export const show = defineCommand({
  name: 'conversations show',
  summary: 'Print a conversation',
  positionals: '[--] ID',
  description:
    'Print a conversation word for word. Interrupted replies are marked. Put -- before an id that starts with a dash.',
  options: clientOptions('the conversation'),
  examples: ['vivavoce conversations show kitchen', 'vivavoce conversations show -- -x'],
  async run({ values, positionals }, world) {
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
})
