import { z } from 'zod'
import { errorKind, ERRORS, type ErrorCode } from '../core/index.ts'
import { parseJson } from '../lib/index.ts'
import { CommandError } from './command-error.ts'

const MAX_SHOWN_CHARACTERS = 200

/** Failures of ours, in either envelope. */
const body = z.union([
  z.looseObject({ detail: z.string(), code: z.string() }),
  z
    .looseObject({ error: z.looseObject({ message: z.string(), code: z.string().nullish() }) })
    .transform(({ error }) => ({ detail: error.message, code: error.code ?? 'failed' })),
])

interface Reply {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly hasKey: boolean
}

/** Whether it may pass by itself; a code that this version does not know may. */
const isPassing = (code: string): boolean => !(code in ERRORS) || errorKind(code as ErrorCode).retryable

const toDo = ({ status, hasKey }: Reply, code: string, waitSeconds: number | undefined): string => {
  if (status === 401) {
    return hasKey
      ? ' The key in API_BEARER_TOKEN is not one of this server.'
      : ' Set API_BEARER_TOKEN to the key of this server.'
  }
  if (waitSeconds !== undefined) return ` Try again in ${waitSeconds} s.`
  if (status !== 503) return ''
  return isPassing(code) ? ' Try again shortly.' : ' `vivavoce doctor`, on the server, checks what it needs.'
}

/** A reply that is no success, as what the user is told. */
export function replyError(reply: Reply): CommandError {
  const { url, status, headers, text } = reply
  const location = headers.get('location')
  if (status >= 300 && status < 400 && location !== null)
    return new CommandError(`${url} leads on to ${location}: name that address with --url or VIVAVOCE_URL`, {
      code: 'unexpected_reply',
      details: { status },
    })
  const json = parseJson(text)
  const parsed = json.ok ? body.safeParse(json.value) : undefined
  if (parsed?.success !== true) {
    const start = text.trim().slice(0, MAX_SHOWN_CHARACTERS)
    return new CommandError(
      `${url} answered ${status} in words that are not vivavoce’s${start === '' ? '' : `: ${start}`}`,
      { code: 'unexpected_reply', details: { status } },
    )
  }
  const { detail, code } = parsed.data
  const wait = headers.get('retry-after') ?? ''
  const waitSeconds = /^\d+$/.test(wait) ? Number(wait) : undefined
  return new CommandError(`${detail}${toDo(reply, code, waitSeconds)}`, {
    code,
    details: { status, ...(waitSeconds === undefined ? {} : { retry_after_seconds: waitSeconds }) },
  })
}
