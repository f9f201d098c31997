import { z } from 'zod'

/** A content block with the fields that are read here; whatever else it carries is kept. */
const contentBlock = z.looseObject({
  type: z.string(),
  text: z.string().nullish(),
  id: z.string().nullish(),
  name: z.string().nullish(),
  input: z.unknown().optional(),
  tool_use_id: z.string().nullish(),
  is_error: z.boolean().nullish(),
  content: z.unknown().optional(),
})

const content = z.union([z.string(), z.array(contentBlock)])

const message = z.looseObject({ role: z.string(), content })

const tool = z.looseObject({ name: z.string(), input_schema: z.unknown().optional() })

const toolChoice = z.looseObject({
  type: z.string(),
  name: z.string().optional(),
  disable_parallel_tool_use: z.boolean().optional(),
})

/** Loose in what it reads, like the CLI's own additions require: roles and fields it does not know pass. */
export const messagesRequestSchema = z.looseObject({
  model: z.string(),
  messages: z.array(message).min(1),
  system: content.optional(),
  max_tokens: z.int().min(1).optional(),
  stream: z.boolean().optional(),
  stop_sequences: z.array(z.string()).optional(),
  tools: z.array(tool).optional(),
  tool_choice: toolChoice.optional(),
})

/** The body of `POST /v1/messages`. Source: Anthropic's Messages API. */
export type MessagesRequest = z.infer<typeof messagesRequestSchema>
export type Message = z.infer<typeof message>
export type ContentBlock = z.infer<typeof contentBlock>
export type Tool = z.infer<typeof tool>

/** The content as blocks; a plain string is one text block. */
export const toBlocks = (value: string | readonly ContentBlock[]): readonly ContentBlock[] =>
  typeof value === 'string' ? [{ type: 'text', text: value }] : value

const nestedContent = z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().nullish() }))])

/** The text of a tool_result block: its text blocks joined by newlines, images and the like left out. */
export function toResultText(block: ContentBlock): string {
  const nested = nestedContent.safeParse(block.content)
  if (!nested.success) return ''
  if (typeof nested.data === 'string') return nested.data
  return nested.data.flatMap(({ type, text }) => (type === 'text' && text ? [text] : [])).join('\n')
}
