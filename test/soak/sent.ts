/** What the model API was sent, parted into what the gateway's callers said and what the CLI adds of itself. */
import type { RehearsedRequest } from '../../src/rehearsal/index.ts'
import type { Said } from './wanted.ts'

export interface Sent {
  readonly model: string
  /** The blocks after the CLI's own two. */
  readonly system: readonly string[]
  readonly said: readonly Said[]
  readonly maxTokens: number | undefined
  readonly thinks: boolean
  readonly effort: string | undefined
  /** All that the CLI says of itself. */
  readonly additions: readonly string[]
  readonly thoughts: number
  readonly tools: number
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined

interface Block {
  readonly type: string
  readonly text: string
}

const blockOf = (block: unknown): Block => {
  const [type, text] = [field(block, 'type'), field(block, 'text')]
  return { type: typeof type === 'string' ? type : '', text: typeof text === 'string' ? text : '' }
}

const blocksOf = (content: unknown): readonly Block[] => {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return Array.isArray(content) ? content.map(blockOf) : []
}

const OWN_SYSTEM_BLOCKS = 2
const isReminder = ({ text }: Block): boolean => text.startsWith('<system-reminder>')

export function toSent({ body }: Pick<RehearsedRequest, 'body'>): Sent {
  const system = blocksOf(body.system).map(({ text }) => text)
  const said: Said[] = []
  const additions = system.slice(0, OWN_SYSTEM_BLOCKS)
  let thoughts = 0
  for (const { role, content } of body.messages) {
    for (const block of blocksOf(content)) {
      if (role === 'system' || isReminder(block)) additions.push(block.text)
      else if (block.type === 'thinking') thoughts++
      // A block of any other kind stands for itself: nobody said such a thing.
      else if (block.type !== 'text') said.push({ role, text: `<${block.type}>` })
      else if (block.text !== '') said.push({ role, text: block.text })
    }
  }
  const thinking = field(body['thinking'], 'type')
  const effort = field(body['output_config'], 'effort')
  return {
    model: body.model,
    system: system.slice(OWN_SYSTEM_BLOCKS),
    said,
    maxTokens: body.max_tokens,
    thinks: thinking !== undefined && thinking !== 'disabled',
    effort: typeof effort === 'string' ? effort : undefined,
    additions,
    thoughts,
    tools: body.tools?.length ?? 0,
  }
}

/** The CLI's name for the process that sent it. */
export const processOf = ({ headers }: Pick<RehearsedRequest, 'headers'>): string =>
  String(headers['x-claude-code-session-id'] ?? '')
