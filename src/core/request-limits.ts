import { GatewayError } from './error.ts'
import type { History } from './history.ts'

interface RequestLimit {
  readonly most: number
  /** What is counted, as errors and the reference page name it. */
  readonly unit: string
  /** Of what, for the reference page. */
  readonly of: string
}

/**
 * The most that one request may hold. Every check reads its limit here, and so does the reference page. The limits keep
 * each step of a turn that runs in the event loop under 100 ms: docs/decisions/2026-11-30-request-limits.md.
 */
export const REQUEST_LIMITS = {
  values: { most: 100_000, unit: 'JSON values', of: 'the body' },
  depth: { most: 500, unit: 'levels', of: 'the nesting of the body' },
  messages: { most: 6000, unit: 'messages', of: '`messages`' },
  parts: { most: 5000, unit: 'parts', of: 'the `content` of all messages' },
  calls: { most: 5000, unit: 'calls', of: 'the `tool_calls` of all messages' },
  characters: {
    most: 2_000_000,
    unit: 'characters',
    of: 'the texts, names and calls of all messages, a `message` of a conversation, or the `prompt` of a job',
  },
  images: { most: 100, unit: 'images', of: 'all messages' },
  addressCharacters: { most: 8192, unit: 'characters', of: 'the `http` address of an image, or `callback_url`' },
  imageBytes: { most: 10 * 1024 * 1024, unit: 'bytes', of: 'an image' },
  fileBytes: { most: 10 * 1024 * 1024, unit: 'bytes', of: 'a file' },
  carriedCharacters: {
    most: 18_000_000,
    unit: 'characters of `data:` URLs and files',
    of: 'all images and files in the body',
  },
  attachedBytes: {
    most: 12 * 1024 * 1024,
    unit: 'bytes of images and files',
    of: 'all images and files together, after decoding',
  },
  pages: { most: 100, unit: 'pages', of: 'all PDFs together' },
  tools: { most: 1000, unit: 'tools', of: '`tools`, and `tools` of `allowed_tools`' },
  schemaCharacters: { most: 131_072, unit: 'characters', of: 'a tool, or the schema of `response_format`, as JSON' },
  toolCharacters: { most: 524_288, unit: 'characters', of: 'all tools together, as JSON' },
  stops: { most: 4, unit: 'stop sequences', of: '`stop`' },
  stopCharacters: { most: 1000, unit: 'characters', of: 'a stop sequence' },
  nameCharacters: { most: 1000, unit: 'characters', of: '`metadata.conversation`' },
  metadataKeys: { most: 100, unit: 'keys', of: '`metadata`' },
} as const satisfies Record<string, RequestLimit>

export type RequestLimitName = keyof typeof REQUEST_LIMITS

const figure = (count: number): string => count.toLocaleString('en-US')

/** Why so much cannot be taken and what to do, as parts of sentences for the caller. */
export function overLimit(name: RequestLimitName, count: number): string {
  const { most, unit }: RequestLimit = REQUEST_LIMITS[name]
  return `${figure(count)} ${unit} were sent; at most ${figure(most)} are possible. Send fewer`
}

/** @throws GatewayError `context_length_exceeded` where a text is longer than may be. */
export function refuseLongText(param: string, characters: number): void {
  if (characters <= REQUEST_LIMITS.characters.most) return
  throw new GatewayError('context_length_exceeded', `\`${param}\`: ${overLimit('characters', characters)}.`, { param })
}

/** How much text the messages hold, with the names and the arguments of their calls. */
export function charactersOf(history: History): number {
  let characters = 0
  for (const message of history) {
    characters += message.text.length
    if (message.role === 'tool') characters += message.callId.length
    if (message.role !== 'assistant') continue
    for (const { id, name, arguments: json } of message.calls ?? []) characters += id.length + name.length + json.length
  }
  return characters
}

/** @throws GatewayError `context_length_exceeded` where a conversation that is kept has become longer than a request may be. */
export function refuseLongConversation(history: History): void {
  const { most, unit } = REQUEST_LIMITS.characters
  if (charactersOf(history) <= most) return
  throw new GatewayError(
    'context_length_exceeded',
    `The conversation is longer than ${figure(most)} ${unit}. Begin a new one.`,
  )
}

/** The limits as a table in Markdown. */
export const limitReference = (): string =>
  Object.values(REQUEST_LIMITS)
    .map(({ most, unit, of }) => `| ${of} | ${figure(most)} ${unit} |`)
    .join('\n')
