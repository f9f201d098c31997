import { z } from 'zod'
import { COMMON_USAGE, openClient, parseWords, type ClientCommand } from '../client-command.ts'
import { UsageError } from '../command-error.ts'
import { limitOption } from '../number-option.ts'
import { pages } from '../pages.ts'
import { printPages } from '../print-pages.ts'

const DEFAULT_LIMIT = 50

const USAGE = `usage: vivavoce conversations list [options]

Lists the conversations that the server keeps, the newest turn first.

  --limit N            at most so many (else ${DEFAULT_LIMIT})
  --all                all there are
${COMMON_USAGE}
                       (an array; with --all a line for each conversation)
`

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

export const list: ClientCommand = {
  usage: USAGE,
  async run(args, world) {
    const { values, positionals } = parseWords(args, { limit: { type: 'string' }, all: { type: 'boolean' } })
    if (positionals.length > 0) throw new UsageError(`too many words: ${positionals.join(' ')}`)
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
}
