/** Conversations that the gateway keeps, and jobs. */
import type { Random } from '../soak/random.ts'
import { words } from '../soak/texts.ts'
import { headersOf, httpCase, type Answer, type FuzzCase, type World } from './fuzz-case.ts'
import { anyText, hostileText } from './hostile-texts.ts'
import { depthOf, MAX_DEPTH, oddValue } from './odd-values.ts'

const SAY = '/v1/conversational'
const SESSIONS = ['s1', 's2', 's3', '..', 'a/b', '%2e%2e', 'сесия', '__proto__', ' ', '\u0000', '🙂'] as const
const REFUSED: readonly Answer[] = ['invalid_request']

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What is wrong with the reply to what was said in a session. */
const replyFault =
  (sessionId: string) =>
  (body: string): string | undefined => {
    const reply: unknown = JSON.parse(body)
    if (!isObject(reply)) return 'the reply is no object'
    if (Object.keys(reply).join() !== 'session_id,reply') return 'the reply has other fields'
    if (reply['session_id'] !== sessionId) return 'the reply is of another session'
    return typeof reply['reply'] === 'string' && reply['reply'] !== '' ? undefined : 'the reply says nothing'
  }

export function say(random: Random, world: World): FuzzCase {
  const id = random.chance(0.8) ? random.pick(SESSIONS) : `own ${random.between(1, 1_000_000)}`
  const message = `${anyText(random, world)} ${words(random, 1)}`
  return httpCase({
    kind: 'conversational',
    path: SAY,
    headers: headersOf(world),
    body: JSON.stringify({
      session_id: id,
      message,
      ...(random.chance(0.3) ? { model: random.pick(['haiku', 'sonnet', null]) } : {}),
    }),
    may: ['ok'],
    check: replyFault(id),
  })
}

const isSessionId = (value: unknown): boolean =>
  typeof value === 'string' && value !== '' && Array.from(value).length <= 256 && value.isWellFormed()

export function oddSay(random: Random, world: World): FuzzCase {
  const name = random.pick(['session_id', 'message', 'model', 'unknown'])
  const value = oddValue(random, world)
  const isRight =
    name === 'unknown' ||
    (name === 'session_id' && isSessionId(value)) ||
    (name === 'message' && typeof value === 'string' && value.trim() !== '') ||
    (name === 'model' && (value === null || (typeof value === 'string' && value !== '')))
  const isTooDeep = depthOf(value) >= MAX_DEPTH
  return httpCase({
    kind: 'conversational mutated',
    path: SAY,
    headers: headersOf(world),
    body: JSON.stringify({ session_id: 'odd', message: 'hello', [name]: value }),
    may: isTooDeep || !isRight ? REFUSED : name === 'model' && value !== null ? ['model_not_found', 'ok'] : ['ok'],
  })
}

export function forget(random: Random, world: World): FuzzCase {
  const id = random.chance(0.6) ? random.pick(SESSIONS) : hostileText(random, world).toWellFormed()
  const path = random.chance(0.5) ? `${SAY}/${encodeURIComponent(id)}` : `${SAY}/x?session_id=${encodeURIComponent(id)}`
  return httpCase({
    kind: 'conversational forgotten',
    method: 'DELETE',
    path,
    headers: headersOf(world),
    // A path that ends in dots is another path.
    may: ['ok', 'not_found', 'method_not_allowed'],
    said: id,
  })
}

const jobId = (body: Uint8Array): string | undefined => {
  const taken: unknown = JSON.parse(Buffer.from(body).toString())
  return isObject(taken) && typeof taken['job_id'] === 'string' ? taken['job_id'] : undefined
}

const STATUSES = ['queued', 'running', 'completed', 'failed', 'timeout', 'error']

/** A job that is looked up as soon as it is taken. */
export function execute(random: Random, world: World): FuzzCase {
  const prompt = `${hostileText(random, world)} ${words(random, 3)}`
  const job = httpCase({
    kind: 'execute',
    path: '/execute',
    headers: headersOf(world),
    body: JSON.stringify({
      prompt,
      agent: random.pick(['recruiter-triage', 'conversational']),
      ...(random.chance(0.3) ? { timeout_seconds: random.pick([1, 0.001, 3, 20]) } : {}),
      ...(random.chance(0.3) ? { max_budget_usd: random.pick([0.000_001, 1, 1e6]) } : {}),
      ...(random.chance(0.5) ? { metadata: { a: hostileText(random, world) } } : {}),
    }),
    may: ['ok'],
  })
  return {
    ...job,
    next: ({ body }) => {
      const id = jobId(body)
      if (id === undefined) return undefined
      const look = httpCase({
        kind: 'job',
        method: 'GET',
        path: `/jobs/${id}`,
        headers: headersOf(world),
        may: ['ok'],
        check: (text) => {
          const told: unknown = JSON.parse(text)
          return isObject(told) && told['job_id'] === id && STATUSES.includes(String(told['status']))
            ? undefined
            : 'it is not the job that was asked for'
        },
      })
      return { ...look, said: job.said }
    },
  }
}

const isNumber = (value: unknown, most: number): boolean => typeof value === 'number' && value > 0 && value <= most

/** One that is refused, whatever else it says. */
export function oddExecute(random: Random, world: World): FuzzCase {
  const name = random.pick(['prompt', 'agent', 'max_budget_usd', 'timeout_seconds', 'metadata'])
  const value = oddValue(random, world)
  const isRight =
    (name === 'prompt' && typeof value === 'string' && value.trim() !== '') ||
    (name === 'agent' && (value === null || (typeof value === 'string' && value !== ''))) ||
    (name === 'max_budget_usd' && (value === null || isNumber(value, Infinity))) ||
    (name === 'timeout_seconds' && (value === null || isNumber(value, 86_400))) ||
    (name === 'metadata' && (value === null || isObject(value)))
  return httpCase({
    kind: 'execute mutated',
    path: '/execute',
    headers: headersOf(world),
    body: JSON.stringify({ prompt: 'a', agent: 'nobody', [name]: value }),
    may:
      depthOf(value) >= MAX_DEPTH || !isRight
        ? REFUSED
        : name === 'agent' && value === null
          ? ['ok']
          : ['model_not_found'],
  })
}
