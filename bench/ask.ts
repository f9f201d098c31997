/**
 * The client: plain HTTP with connections kept alive, so light that what it measures is not itself. Times are taken when
 * bytes arrive, before they are read.
 */
import { Agent, request } from 'node:http'
import { nowMs } from './clock.ts'
import type { Conversation, Offer } from './conversation.ts'
import type { Dialect } from './dialect.ts'

export interface Target {
  readonly url: string
  readonly dialect: Dialect
}

export interface Answer {
  /** What was heard of it, or the arguments of the call that it is. */
  readonly text: string
  readonly sentAtMs: number
  readonly firstTextAtMs: number
  /** When it was whole, or the client left. */
  readonly overAtMs: number
}

export interface AskOptions {
  readonly signal: AbortSignal
  /** Leave after so many events with text, by closing the connection. */
  readonly leaveAfter?: number
  readonly onText?: (text: string, atMs: number) => void
  readonly offer?: Offer
}

export interface Client extends Disposable {
  /** Resolves when the answer is whole or has been left. Rejects when it is refused, fails, or ends before its end. */
  ask(target: Target, conversation: Conversation, options: AskOptions): Promise<Answer>
}

/** Disposing of it closes its idle connections. */
export function createClient(): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: Infinity })
  return {
    ask: (target, conversation, options) => ask(agent, target, conversation, options),
    [Symbol.dispose]: () => agent.destroy(),
  }
}

const EVENT_END = '\n\n'

/** The data of one event; a comment has none. */
const dataOf = (event: string): string =>
  event
    .split('\n')
    .flatMap((line) => (line.startsWith('data: ') ? [line.slice('data: '.length)] : []))
    .join('\n')

function ask(
  agent: Agent,
  { url, dialect }: Target,
  conversation: Conversation,
  { signal, leaveAfter = Infinity, onText, offer = {} }: AskOptions,
): Promise<Answer> {
  const body = dialect.encode(conversation, offer)
  const headers = {
    ...dialect.headers,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
  }
  return new Promise((resolve, reject) => {
    let text = ''
    let pending = ''
    let heardEvents = 0
    let firstTextAtMs = Number.NaN
    let isOver = false

    const take = (event: string, atMs: number): void => {
      const data = dataOf(event)
      if (data === '' || isOver) return
      const heard = dialect.decode(data)
      if (heard.type === 'text') {
        if (heardEvents === 0) firstTextAtMs = atMs
        heardEvents += 1
        text += heard.text
        onText?.(heard.text, atMs)
      }
      if (heard.type !== 'end' && heardEvents < leaveAfter) return
      isOver = true
      const overAtMs = nowMs()
      if (heard.type !== 'end') sent.destroy()
      resolve({ text, sentAtMs, firstTextAtMs, overAtMs })
    }

    const sentAtMs = nowMs()
    const sent = request(url + dialect.path, { method: 'POST', agent, headers, signal }, (response) => {
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        const atMs = nowMs()
        pending += chunk
        if (response.statusCode !== 200) return
        try {
          for (let at = pending.indexOf(EVENT_END); at >= 0; at = pending.indexOf(EVENT_END)) {
            const event = pending.slice(0, at)
            pending = pending.slice(at + EVENT_END.length)
            take(event, atMs)
          }
        } catch (error) {
          sent.destroy()
          reject(error)
        }
      })
      response.on('error', reject)
      response.on('end', () => {
        const brokenOff = new Error(`the answer (${response.statusCode}) broke off: ${pending || text}`)
        if (response.statusCode !== 200 || response.headers['content-type'] !== 'application/json') {
          reject(brokenOff)
          return
        }
        const atMs = nowMs()
        const heard = dialect.decode(pending)
        if (heard.type === 'text') resolve({ text: heard.text, sentAtMs, firstTextAtMs: atMs, overAtMs: atMs })
        else reject(brokenOff)
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
