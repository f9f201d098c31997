/** One request of a client: sent, read as it comes, perhaps broken off. */
import { EventSourceParserStream } from 'eventsource-parser/stream'
import type { Chunk } from '../support/stream.ts'

export type Outcome =
  | { readonly type: 'answered'; readonly text: string; readonly finish: string | undefined }
  | {
      readonly type: 'failed'
      readonly text: string
      readonly status: number
      readonly code: string
      readonly message: string
    }
  /** The client broke it off. */
  | { readonly type: 'left'; readonly text: string }

/** When a client leaves: whichever comes first. */
export interface Interruption {
  readonly afterMs?: number
  readonly afterChunks?: number
}

export interface Post {
  readonly url: string
  readonly key: string
  readonly body: object
  readonly conversation?: string
  readonly interruption?: Interruption | undefined
  /** Hears everything said so far, whenever there is more. */
  readonly heard?: (text: string) => void
}

/** Longer than every limit of the gateway. */
const CLIENT_MS = 45_000
/** Ours, for answers that are none. */
const NO_STATUS = 0

const failedWith = (code: string, message: string, text: string): Outcome => ({
  type: 'failed',
  text,
  status: NO_STATUS,
  code,
  message,
})

interface Problem {
  readonly message?: string
  readonly code?: string
}

/** `{error: {message, code}}`, or `{error, detail, code}`. */
function problemIn(text: string): Problem {
  try {
    const { error, detail, code } = JSON.parse(text) as { error?: Problem | string; detail?: string; code?: string }
    return typeof error === 'object'
      ? error
      : { ...(detail === undefined ? {} : { message: detail }), ...(code === undefined ? {} : { code }) }
  } catch {
    return { code: 'no-json', message: text.slice(0, 200) }
  }
}

async function readStream(response: Response, said: (piece: string) => void): Promise<Outcome | undefined> {
  if (response.body === null) return failedWith('no-body', 'a stream has a body', '')
  let text = ''
  let finish: string | undefined
  let error: Problem | undefined
  const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
  for await (const { data } of events) {
    if (data === '[DONE]') return { type: 'answered', text, finish }
    const chunk = JSON.parse(data) as Chunk
    error = chunk.error ?? error
    finish = chunk.choices?.[0]?.finish_reason ?? finish
    const piece = chunk.choices?.[0]?.delta.content ?? ''
    text += piece
    if (piece !== '') said(piece)
  }
  if (error === undefined) return failedWith('cut-off', 'the stream ended without an end', text)
  return { type: 'failed', text, status: response.status, code: error.code ?? '', message: error.message ?? '' }
}

interface Whole {
  readonly reply?: string
  readonly choices?: readonly { readonly message: { readonly content: string }; readonly finish_reason: string }[]
}

async function readWhole(response: Response): Promise<Outcome> {
  const { reply, choices } = (await response.json()) as Whole
  const [choice] = choices ?? []
  return { type: 'answered', text: reply ?? choice?.message.content ?? '', finish: choice?.finish_reason }
}

async function readAnswer(response: Response, said: (piece: string) => void): Promise<Outcome | undefined> {
  if (!response.ok) {
    const { code = '', message = '' } = problemIn(await response.text())
    return { type: 'failed', text: '', status: response.status, code, message }
  }
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  return isStream ? await readStream(response, said) : await readWhole(response)
}

/** Sends a request and hears it out, or leaves. Never rejects. */
export async function post({ url, key, body, conversation, interruption, heard }: Post): Promise<Outcome> {
  const leaving = new AbortController()
  const late = AbortSignal.timeout(CLIENT_MS)
  const timer =
    interruption?.afterMs === undefined ? undefined : setTimeout(() => leaving.abort(), interruption.afterMs)
  let text = ''
  let chunks = 0
  const said = (piece: string): void => {
    text += piece
    heard?.(text)
    if (++chunks >= (interruption?.afterChunks ?? Infinity)) leaving.abort()
  }
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        ...(conversation === undefined ? {} : { 'x-conversation-id': conversation }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.any([leaving.signal, late]),
    })
    return (await readAnswer(response, said)) ?? { type: 'left', text }
  } catch (error) {
    if (leaving.signal.aborted) return { type: 'left', text }
    if (late.aborted) return failedWith('no-end', `no end within ${CLIENT_MS} ms`, text)
    return failedWith('broken', String(error), text)
  } finally {
    clearTimeout(timer)
  }
}
