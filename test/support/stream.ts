/** An event stream read to its end, as a client sees it. */
import { EventSourceParserStream } from 'eventsource-parser/stream'

export interface Chunk {
  readonly id: string
  readonly object: string
  readonly created: number
  readonly model: string
  readonly choices: readonly {
    readonly index: number
    readonly delta: { readonly role?: string; readonly content?: string }
    readonly finish_reason: string | null
  }[]
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number }
  readonly error?: { readonly message: string; readonly type: string; readonly code: string }
  /** Of a chunk that says which tool an agent uses. */
  readonly vivavoce?: { readonly tool: string }
}

export interface Streamed {
  readonly chunks: readonly Chunk[]
  /** All content, joined. */
  readonly text: string
  readonly finish: readonly string[]
  readonly done: boolean
  readonly error: Chunk['error']
}

export async function readStream(response: Response): Promise<Streamed> {
  if (response.body === null) throw new Error('a stream has a body')
  const chunks: Chunk[] = []
  let done = false
  for await (const { data } of response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())) {
    if (data === '[DONE]') done = true
    else chunks.push(JSON.parse(data) as Chunk)
  }
  return {
    chunks,
    text: chunks.map((chunk) => chunk.choices?.[0]?.delta.content ?? '').join(''),
    finish: chunks.flatMap((chunk) => chunk.choices?.[0]?.finish_reason ?? []),
    done,
    error: chunks.find(({ error }) => error !== undefined)?.error,
  }
}
