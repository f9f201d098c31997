/** What a model API was sent, as far as the probe looks at it. */
import { z } from 'zod'
import { fromToolName } from '../protocol/index.ts'

const blocks = z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().nullish() }))])

const body = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content: blocks })),
  system: blocks.optional(),
  max_tokens: z.number().optional(),
  temperature: z.number().optional(),
  tools: z.array(z.looseObject({ name: z.string() })).optional(),
  thinking: z.looseObject({ type: z.string() }).nullish(),
})

/** A request to the model API. */
export interface Sent {
  readonly raw: string
  readonly model: string
  /** `user: one | assistant: two`, without what the CLI adds of itself. */
  readonly messages: string
  readonly system: string
  readonly maxTokens: number | undefined
  readonly thinks: boolean
  readonly temperature: number | undefined
  /** The client's functions, by its names of them. */
  readonly tools: string
}

const textsOf = (content: z.infer<typeof blocks> | undefined): readonly string[] =>
  typeof content === 'string' ? [content] : (content ?? []).map(({ text, type }) => text ?? `<${type}>`)

/** What the CLI tells of the day and the machine. */
const isOfTheCli = (text: string): boolean => text.trimStart().startsWith('<system-reminder>')

export function toSent(raw: string): Sent {
  const {
    model,
    messages,
    system,
    max_tokens: maxTokens,
    thinking,
    temperature,
    tools = [],
  } = body.parse(JSON.parse(raw))
  return {
    raw,
    model,
    messages: messages
      .filter(({ role }) => role !== 'system')
      .map(
        ({ role, content }) =>
          `${role}: ${textsOf(content)
            .filter((text) => !isOfTheCli(text))
            .map((text) => text.replace(/\n$/, ''))
            .join(' + ')}`,
      )
      .join(' | '),
    system: textsOf(system).join('\n'),
    maxTokens,
    thinks: thinking != null && thinking.type !== 'disabled',
    temperature,
    tools: tools.map(({ name }) => fromToolName(name)).join(', '),
  }
}
