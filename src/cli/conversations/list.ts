import { z } from 'zod'
import { clientOptions, openClient } from '../client-command.ts'
import { defineCommand } from '../command-line/index.ts'
import { limitOption } from '../number-option.ts'
import { pages } from '../pages.ts'
import { printPages } from '../print-pages.ts'

const DEFAULT_LIMIT = 50

const conversationSchema = z.looseObject({
  session_id: z.string(),
  updated_at: z.string(),
  turns: z.number(),
  agent: z.string(),
  model: z.string(),
})
type Conversation = z.output<typeof conversationSchema>

const pageSchema = z.looseObject({ conversations: z.array(conversationSchema), next: z.string().nullable() })

const rowOf = ({ updated_at: at, turns, agent, model, session_id: id }: Conversation): readonly string[] => [
  at.replace(/\.\d+Z$/, 'Z'),
  String(turns),
  `${agent}/${model}`,
  id,
]

export const list = defineCommand({
  name: 'conversations list',
  summary: 'List conversations, the newest turn first',
  description: 'List the conversations that the server keeps, the newest turn first.',
  options: {
    limit: { type: 'string', value: 'N', help: 'List at most this many', fallback: String(DEFAULT_LIMIT) },
    all: { type: 'boolean', help: 'List all conversations; with --json, print a line for each' },
    ...clientOptions('an array'),
  },
  examples: ['vivavoce conversations list', 'vivavoce conversations list --all --json'],
  async run({ values }, world) {
    const limit = limitOption(values, DEFAULT_LIMIT)
    const { client } = openClient(values, world)
    const asked = pages(
      async (query) => {
        const page = await client.ask(pageSchema, '/v1/conversational', { query: { ...query }, signal: world.signal })
        return { items: page.conversations, next: page.next }
      },
      { limit },
    )
    const { json = false, all = false } = values
    const heading = ['UPDATED', 'TURNS', 'MODEL', 'CONVERSATION']
    await printPages(asked, { json, all, none: 'no conversations', heading, rowOf }, world)
    return 0
  },
})
