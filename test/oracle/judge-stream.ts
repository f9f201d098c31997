/** The rules of a streamed answer: each chunk by its schema, and what only their order tells (R26 to R46, R63). */
import { eventFrames } from './event-frames.ts'
import { fault, isObject, parsed } from './fault.ts'
import { schemaFaults } from './schema-faults.ts'
import { createToolCallRules, type ToolCallPiece } from './tool-call-rules.ts'
import { usageFaults } from './usage-faults.ts'

interface Delta {
  readonly role?: string
  readonly content?: string | null
  readonly refusal?: string | null
  readonly tool_calls?: readonly ToolCallPiece[]
}

/** A chunk that its schema accepts. */
interface Chunk {
  readonly id: string
  readonly created: number
  readonly model: string
  readonly choices: readonly { readonly index: number; readonly delta: Delta; readonly finish_reason: string | null }[]
  readonly usage?: Parameters<typeof usageFaults>[0] | null
  /** The tool that an agent uses; such a chunk has nothing else to say. */
  readonly vivavoce?: { readonly tool: string }
}

export interface StreamOptions {
  /** The reader left before the end: what is missing there is no fault. */
  readonly left?: boolean
}

/** Everything that is wrong with an event stream of chunks, a sentence for each fault. */
export function judgeStream(text: string, { left = false }: StreamOptions = {}): readonly string[] {
  const { data, faults: framing } = eventFrames(text, { left })
  const calls = createToolCallRules()
  let head: string | undefined
  let begun = false
  /** The first chunk had a role and nothing to say: only the finish may follow (R29). */
  let openedEmpty = false
  let finish: string | undefined
  let usageSeen = false
  let over: 'done' | 'failed' | undefined

  const finishFaults = (delta: Delta, reason: string): readonly string[] => {
    const again = finish === undefined ? [] : ['there is a second finish_reason']
    finish ??= reason
    return [
      ...again,
      ...(begun ? [] : ['it finishes before anything was said']),
      ...(Object.keys(delta).length === 0 ? [] : ['the delta of the finish is not empty']),
      ...(again.length === 0 ? calls.end(reason) : []),
    ]
  }

  const deltaFaults = (delta: Delta): readonly string[] => {
    const first = !begun
    const says = typeof delta.content === 'string' || typeof delta.refusal === 'string'
    const pieces = delta.tool_calls ?? []
    const afterCall = calls.calls > 0
    const faults = [
      ...(finish === undefined ? [] : ['a delta comes after the finish']),
      ...(openedEmpty ? ['the first chunk says nothing and is not followed by the finish'] : []),
      ...(first && delta.role !== 'assistant' ? ['the first chunk with choices has no role assistant'] : []),
      ...(!first && delta.role !== undefined ? ['the role comes again'] : []),
      ...(says || delta.tool_calls !== undefined ? [] : ['a delta has neither content nor a tool call']),
      ...(says && delta.tool_calls !== undefined ? ['content and tool_calls are in one delta'] : []),
      ...(says && afterCall ? ['content comes after a tool call'] : []),
      ...([delta.content, delta.refusal].every((said) => said == null || said.isWellFormed())
        ? []
        : ['a character is cut between two deltas']),
      ...(delta.tool_calls === undefined ? [] : calls.take(pieces)),
    ]
    openedEmpty = first && pieces.length === 0 && !delta.content && !delta.refusal
    begun = true
    return faults
  }

  /** A tool that is used says nothing; what comes first has the role all the same. */
  const toolFaults = (delta: Delta): readonly string[] => {
    const expected = begun ? {} : { role: 'assistant', content: '' }
    begun = true
    return [
      ...(finish === undefined ? [] : ['a tool is used after the finish']),
      ...(JSON.stringify(delta) === JSON.stringify(expected) ? [] : ['the delta of a tool that is used says more']),
    ]
  }

  const usageChunkFaults = ({ usage }: Chunk): readonly string[] => {
    const again = usageSeen
    usageSeen = true
    return [
      ...(usage == null ? ['a chunk has neither choices nor usage'] : usageFaults(usage)),
      ...(finish === undefined ? ['usage comes before the finish'] : []),
      ...(again ? ['usage comes twice'] : []),
    ]
  }

  const chunkFaults = (chunk: Chunk): readonly string[] => {
    const own = JSON.stringify([chunk.id, chunk.created, chunk.model])
    head ??= own
    const heads = own === head ? [] : [`id, created and model are not those of the first chunk, ${head}`]
    const [choice] = chunk.choices
    if (choice === undefined) return [...heads, ...usageChunkFaults(chunk)]
    const { delta, finish_reason: reason } = choice
    return [
      ...heads,
      ...(chunk.choices.length === 1 && choice.index === 0 ? [] : ['there is a choice other than that of index 0']),
      ...(usageSeen ? ['a choice comes after usage'] : []),
      ...(chunk.usage == null ? [] : ['usage and a choice are in one chunk']),
      ...(reason !== null
        ? finishFaults(delta, reason)
        : chunk.vivavoce === undefined
          ? deltaFaults(delta)
          : toolFaults(delta)),
    ]
  }

  const eventFaults = (json: string): readonly string[] => {
    if (over !== undefined) return [over === 'done' ? 'an event comes after [DONE]' : 'an event comes after the error']
    if (json === '[DONE]') {
      over = 'done'
      return finish === undefined ? ['[DONE] comes without a finish_reason'] : []
    }
    const value = parsed(json)
    if (!isObject(value)) return ['an event is no JSON object']
    if ('error' in value) {
      over = 'failed'
      return [
        ...schemaFaults('ErrorResponse', value),
        ...(finish === undefined ? [] : ['an error comes after the finish']),
      ]
    }
    const faults = schemaFaults('CreateChatCompletionStreamResponse', value)
    if (faults.length === 0) return chunkFaults(value as unknown as Chunk)
    // What follows is judged as if this chunk had been right.
    begun = true
    openedEmpty = false
    const choice = Array.isArray(value['choices']) ? (value['choices'][0] as unknown) : undefined
    if (isObject(choice) && typeof choice['finish_reason'] === 'string') finish ??= choice['finish_reason']
    return faults
  }

  const faults = data.flatMap((json, index) =>
    eventFaults(json).map((sentence) => fault(`event ${index + 1}: ${sentence}`, json)),
  )
  if (left || over !== undefined) return [...framing, ...faults]
  return [
    ...framing,
    ...faults,
    fault(
      `the stream ends without ${finish === undefined ? 'a finish_reason and ' : ''}[DONE]`,
      data.at(-1) ?? '(no event)',
    ),
  ]
}
