/** The HTTP client of a running server. */
import type { z } from 'zod'
import type { ClientSettings } from '../config/index.ts'
import { hasCode, isAbortOf, parseJson, writeJson } from '../lib/index.ts'
import { CommandError, ConnectionError } from './command-error.ts'
import { replyError } from './reply-error.ts'

interface RequestOptions {
  readonly signal: AbortSignal
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly query?: Readonly<Record<string, string | number | undefined>>
  /** Sent as JSON. */
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
}

export interface Client {
  readonly url: string
  /** A reply that is a success. @throws CommandError what the server says instead, ConnectionError where there is none. */
  send(path: string, options: RequestOptions): Promise<Response>
  /** The JSON of a success, whole, if it fits the schema. */
  ask<Schema extends z.ZodType>(schema: Schema, path: string, options: RequestOptions): Promise<z.output<Schema>>
}

/** The server was there, and may have got the request. */
const BROKEN = [
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'HPE_INVALID_EOF_STATE',
]

/** What `fetch` and bodies throw where the connection is at fault; anything else is thrown on as it is. */
export function connectionError(url: string, error: unknown): ConnectionError {
  if (!(error instanceof TypeError) || !(error.cause instanceof Error)) throw error
  const { cause } = error
  const isBroken = hasCode(cause, ...BROKEN)
  const reason = cause.message || ('code' in cause ? String(cause.code) : cause.name)
  return new ConnectionError(
    isBroken
      ? `the connection to ${url} broke (${reason})`
      : `there is no server to be reached at ${url} (${reason}). Start one with \`vivavoce serve\`, or name another with --url or VIVAVOCE_URL`,
    { cause: error, isBroken },
  )
}

/** Something else than what this version knows. */
export const unexpectedReply = (url: string, what: string): CommandError =>
  new CommandError(`${url} answered with something else than a vivavoce of this version would (${what})`, {
    code: 'unexpected_reply',
  })

const queryText = (query: RequestOptions['query'] = {}): string => {
  const fields = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(String(value).toWellFormed())}`],
  )
  return fields.length === 0 ? '' : `?${fields.join('&')}`
}

export function createClient({ url, key }: Pick<ClientSettings, 'url' | 'key'>): Client {
  async function overTheWire<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (isAbortOf(error, signal)) throw error
      throw connectionError(url, error)
    }
  }
  const send: Client['send'] = async (path, { signal, method = 'GET', query, body, headers }) => {
    const response = await overTheWire(signal, () =>
      fetch(url + path + queryText(query), {
        method,
        headers: {
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: writeJson(body) }),
        // The key is for this server alone.
        redirect: 'manual',
        signal,
      }),
    )
    if (response.ok) return response
    const text = await overTheWire(signal, () => response.text())
    throw replyError({ url, status: response.status, headers: response.headers, text, hasKey: key !== undefined })
  }
  return {
    url,
    send,
    async ask(schema, path, options) {
      const response = await send(path, options)
      const json = parseJson(await overTheWire(options.signal, () => response.text()))
      if (!json.ok) throw unexpectedReply(url, json.problem)
      const parsed = schema.safeParse(json.value)
      if (parsed.success) return parsed.data
      const [issue] = parsed.error.issues
      throw unexpectedReply(url, `${issue?.path.join('.') || 'the body'}: ${issue?.message}`)
    },
  }
}
