/** Requests as any client of the gateway sends them. */
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { DemoError } from './demo-error.ts'

export interface Client {
  readonly url: string
  readonly key: string
}

export interface ToolCall {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; readonly arguments: string }
}

export interface Message {
  readonly role: 'user' | 'assistant' | 'tool'
  readonly content: string | null
  readonly tool_calls?: readonly ToolCall[]
  readonly tool_call_id?: string
}

/** The fields of a chunk that the demo reads. */
interface Chunk {
  readonly choices: readonly { readonly delta: { readonly content?: string }; readonly finish_reason: string | null }[]
  readonly error?: { readonly message: string }
}

const headers = (key: string) => ({ authorization: `Bearer ${key}`, 'content-type': 'application/json' })

async function refused(path: string, response: Response): Promise<DemoError> {
  const body = (await response.json().catch(() => ({}))) as { error?: { message?: string }; detail?: string }
  const why = body.error?.message ?? body.detail ?? 'no reason was given'
  return new DemoError(`${path} returned ${response.status}: ${why} Run \`vivavoce doctor\`.`)
}

/** A request whose response is read whole. Without a body it is a GET. */
export async function call<T>({ url, key }: Client, path: string, body?: object): Promise<T> {
  const response = await fetch(url + path, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: headers(key),
  })
  if (!response.ok) throw await refused(path, response)
  return (await response.json()) as T
}

export interface Asked {
  readonly messages: readonly Message[]
  readonly tools?: readonly object[]
  /** Gets each piece of the response; a return of `true` interrupts the response. */
  readonly onText: (text: string) => boolean | void
}

/** Streams one response; resolves to its text and the time to its first text. */
export async function stream(
  { url, key }: Client,
  { messages, tools, onText }: Asked,
): Promise<{ readonly text: string; readonly firstMs: number }> {
  const leaving = new AbortController()
  const startedMs = performance.now()
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: headers(key),
    body: JSON.stringify({ model: 'sonnet', stream: true, messages, ...(tools === undefined ? {} : { tools }) }),
    signal: leaving.signal,
  })
  if (!response.ok || response.body === null) throw await refused('/v1/chat/completions', response)
  let text = ''
  let firstMs = Number.NaN
  let finish: string | null = null
  const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
  for await (const { data } of events) {
    if (data === '[DONE]') break
    const chunk = JSON.parse(data) as Chunk
    if (chunk.error !== undefined) throw new DemoError(`The stream failed: ${chunk.error.message}`)
    const [choice] = chunk.choices
    finish = choice?.finish_reason ?? finish
    const piece = choice?.delta.content
    if (piece === undefined) continue
    if (Number.isNaN(firstMs)) firstMs = performance.now() - startedMs
    text += piece
    if (onText(piece) === true) {
      leaving.abort()
      return { text, firstMs }
    }
  }
  if (Number.isNaN(firstMs) || finish !== 'stop')
    throw new DemoError(`The response did not end as it should: its finish reason is ${finish}.`)
  return { text, firstMs }
}
