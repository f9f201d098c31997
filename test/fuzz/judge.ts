/** What must hold for every reply, whatever was asked. */
import { ERRORS, type ErrorCode } from '../../src/core/index.ts'
import { judgeReply, type Reply } from '../oracle/judge-reply.ts'
import { shortened, type Answer, type Due, type FuzzCase } from './fuzz-case.ts'
import type { Played } from './play.ts'

export interface Fault {
  readonly what: string
  readonly detail: string
}

/** A reply as it is counted. */
export interface Verdict {
  readonly answer: Answer | 'left' | undefined
  readonly faults: readonly Fault[]
}

const PLAIN = /^\/(v1\/conversational|execute|jobs)(\/|$)/
const SUCCESSES = [200, 202]
/** Safe to speak is not long. */
const LONGEST_MESSAGE = 600

/** The path as a server reads it. */
const pathOf = (path: string): string => URL.parse(path, 'http://fuzz')?.pathname ?? path

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

interface Failure {
  readonly code: unknown
  readonly message: unknown
  readonly param: unknown
}

/** What the body of a failure says, in the envelope of its path. */
function failureIn(text: string, isPlain: boolean): Failure | undefined {
  const value = parsed(text)
  if (!isObject(value)) return undefined
  const { error, detail, code } = value
  if (isPlain && typeof error === 'string') {
    return Object.keys(value).join() === 'error,detail,code' ? { code, message: detail, param: undefined } : undefined
  }
  if (isPlain || !isObject(error) || Object.keys(value).join() !== 'error') return undefined
  if (Object.keys(error).join() !== 'message,type,param,code') return undefined
  return { code: error['code'], message: error['message'], param: error['param'] }
}

const isCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(ERRORS, code)

function failureFaults(
  { code, message, param }: Failure,
  { status, due }: { readonly status: number | undefined; readonly due: Due },
): readonly Fault[] {
  if (!isCode(code)) return [{ what: 'a code that is not in the table', detail: String(code) }]
  const own = ERRORS[code].status
  return [
    ...(status === undefined || own === status
      ? []
      : [{ what: 'a status that is not that of its code', detail: `${status} ${code}` }]),
    ...(typeof message === 'string' && message !== '' && message.length <= LONGEST_MESSAGE
      ? []
      : [{ what: 'a message that cannot be spoken', detail: shortened(String(message)) }]),
    ...(due.param === undefined || (typeof param === 'string' && param.startsWith(due.param))
      ? []
      : [
          {
            what: 'another field is named',
            detail: `${shortened(String(param))} instead of ${due.param}: ${shortened(String(message))}`,
          },
        ]),
  ]
}

/** The failure that a stream ends with. */
const streamFailure = (text: string): Failure | undefined => {
  const last = text.trimEnd().split('\n\n').at(-1) ?? ''
  return last.startsWith('data: {"error"') ? failureIn(last.slice('data: '.length), false) : undefined
}

/** How the reply ends, and what is wrong with how it says so. */
function answerOf(reply: Reply, due: Due): { readonly answer: Answer | undefined; readonly faults: readonly Fault[] } {
  const { status, headers, method } = reply
  const text = Buffer.from(reply.body).toString()
  if (status < 400) {
    if (!SUCCESSES.includes(status))
      return { answer: undefined, faults: [{ what: 'a status of its own', detail: `${status}` }] }
    const failure = headers['content-type']?.startsWith('text/event-stream') === true ? streamFailure(text) : undefined
    if (failure !== undefined) {
      return {
        answer: isCode(failure.code) ? failure.code : undefined,
        faults: failureFaults(failure, { status: undefined, due }),
      }
    }
    const fault = method === 'HEAD' ? undefined : due.check?.(text)
    return { answer: 'ok', faults: fault === undefined ? [] : [{ what: fault, detail: shortened(text) }] }
  }
  if (method === 'HEAD') {
    const fitting = due.may.find((code) => code !== 'ok' && ERRORS[code].status === status)
    return { answer: fitting, faults: [] }
  }
  const failure = failureIn(text, PLAIN.test(pathOf(due.path)))
  if (failure === undefined)
    return { answer: undefined, faults: [{ what: 'no envelope of ours', detail: `${status} ${shortened(text)}` }] }
  return { answer: isCode(failure.code) ? failure.code : undefined, faults: failureFaults(failure, { status, due }) }
}

function headerFaults({ status, headers }: Reply): readonly Fault[] {
  const id = headers['x-request-id'] ?? ''
  return [
    ...(/^req_[0-9a-z]+$/i.test(id) ? [] : [{ what: 'no id of the request', detail: `${status} ${id}` }]),
    ...(status === 405 && headers['allow'] === undefined ? [{ what: 'no `allow`', detail: `${status}` }] : []),
    ...(headers['content-encoding'] === undefined
      ? []
      : [{ what: 'it is compressed', detail: headers['content-encoding'] }]),
  ]
}

/** What a reply came to. */
export function judge(reply: Reply, due: Due): Verdict {
  const faults = [
    ...headerFaults(reply),
    ...judgeReply({ ...reply, path: pathOf(reply.path) }).map((detail) => ({ what: 'not as OpenAI says', detail })),
  ]
  if (reply.left) return { answer: 'left', faults }
  const { answer, faults: own } = answerOf(reply, due)
  const stray =
    answer === undefined || due.may.includes(answer)
      ? []
      : [
          {
            what: `${answer} where ${[...new Set(due.may)].join(' or ')} was due`,
            detail: shortened(Buffer.from(reply.body).toString()),
          },
        ]
  return { answer, faults: [...faults, ...own, ...stray] }
}

/** What is wrong with how a case went, besides what its replies say. */
export function playFaults({ least }: FuzzCase, { replies, problem }: Played): readonly Fault[] {
  if (problem !== undefined) return [{ what: 'no reply, or none that is whole', detail: problem }]
  const whole = replies.filter(({ left }) => !left).length
  return whole < least ? [{ what: 'a reply is missing', detail: `${whole} of at least ${least}` }] : []
}
