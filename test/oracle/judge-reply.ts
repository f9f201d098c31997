/** Which replies are OpenAI's, and what is wrong with them. */
import { fault, isObject, parsed } from './fault.ts'
import { judgeStream } from './judge-stream.ts'
import type { SchemaName } from './openai-schema.ts'
import { schemaFaults } from './schema-faults.ts'
import { argumentFaults, finishFaults } from './tool-call-rules.ts'
import { usageFaults } from './usage-faults.ts'

/** A reply as it left, without the query of its path. */
export interface Reply {
  readonly method: string
  readonly path: string
  readonly status: number
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** The caller was gone before the reply was whole. */
  readonly left: boolean
}

/** A completion that its schema accepts. */
interface Completion {
  readonly choices: readonly {
    readonly index: number
    readonly message: {
      readonly content: string | null
      readonly tool_calls?: readonly { readonly id: string; readonly function?: { readonly arguments: string } }[]
    }
    readonly finish_reason: string
  }[]
  readonly usage?: Parameters<typeof usageFaults>[0]
}

const CHAT = '/v1/chat/completions'
/** Failures there have an envelope of their own. */
const PLAIN = /^\/(v1\/conversational|execute|jobs)(\/|$)/

function completionFaults({ choices, usage }: Completion): readonly string[] {
  const [choice] = choices
  if (choice === undefined || choices.length > 1 || choice.index !== 0) return ['it has not just the choice of index 0']
  const { message, finish_reason: finish } = choice
  const calls = message.tool_calls ?? []
  return [
    ...(message.content === null && calls.length === 0 ? ['it has neither content nor a tool call'] : []),
    ...(message.content?.isWellFormed() === false ? ['a character is cut'] : []),
    ...(new Set(calls.map(({ id }) => id)).size === calls.length ? [] : ['two calls have the same id']),
    ...finishFaults(finish, calls.length),
    ...calls.flatMap((call, index) =>
      call.function === undefined ? [] : argumentFaults(call.function.arguments, { call: `call ${index}`, finish }),
    ),
    // The schema lets it be missing; clients count what they spend by it (R54).
    ...(usage === undefined ? ['usage is missing'] : usageFaults(usage)),
  ]
}

function jsonFaults(name: SchemaName, text: string): readonly string[] {
  const value = parsed(text)
  if (!isObject(value)) return ['it is no JSON object']
  const faults = schemaFaults(name, value)
  return faults.length > 0 || name !== 'CreateChatCompletionResponse'
    ? faults
    : completionFaults(value as unknown as Completion)
}

/** What the body has to be, or `undefined` where OpenAI says nothing of it. */
function schemaOf({ path, status }: Reply): SchemaName | undefined {
  if (status >= 400) return PLAIN.test(path) ? undefined : 'ErrorResponse'
  if (path === CHAT) return 'CreateChatCompletionResponse'
  if (path === '/v1/models') return 'ListModelsResponse'
  if (path.startsWith('/v1/models/')) return 'Model'
  return undefined
}

/** The text of a body; the last character may be cut where the caller left. */
function textOf({ body, left }: Reply): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body, { stream: left })
  } catch {
    return undefined
  }
}

function faultsOf(reply: Reply, name: SchemaName): readonly string[] {
  if (reply.headers['content-encoding'] !== undefined) return ['it is compressed']
  const text = textOf(reply)
  if (text === undefined) return ['it is not UTF-8']
  const type = reply.headers['content-type'] ?? ''
  if (name === 'CreateChatCompletionResponse' && type.startsWith('text/event-stream')) {
    return [
      ...(type === 'text/event-stream; charset=utf-8' ? [] : [fault('the content-type is wrong', type)]),
      ...judgeStream(text, { left: reply.left }),
    ]
  }
  if (reply.left) return []
  return [
    ...(/^application\/json(; ?charset=utf-8)?$/i.test(type) ? [] : [fault('the content-type is wrong', type)]),
    ...jsonFaults(name, text).map((sentence) => fault(sentence, text)),
  ]
}

/** Everything that is wrong with a reply, a sentence for each fault; nothing where it is none of OpenAI's. */
export function judgeReply(reply: Reply): readonly string[] {
  // A browser's preflight has an answer without a body; one that is refused has the body of any refusal.
  const hasNoBody = reply.method === 'HEAD' || (reply.method === 'OPTIONS' && reply.status === 204)
  const name = hasNoBody ? undefined : schemaOf(reply)
  if (name === undefined) return []
  return faultsOf(reply, name).map((sentence) => `${reply.method} ${reply.path} (${reply.status}): ${sentence}`)
}
