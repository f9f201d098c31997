/** Bodies of chat requests that are in order, in whatever combination, and what may come of each. */
import type { Random } from '../soak/random.ts'
import { anyMessages } from './chat-messages.ts'
import { toolFields } from './chat-tools.ts'
import { hostileText } from './hostile-texts.ts'
import type { Answer, World } from './fuzz-case.ts'
import { oddValue } from './odd-values.ts'
import { goodSchema } from './schemas.ts'

export interface Chat {
  readonly body: Readonly<Record<string, unknown>>
  readonly may: readonly Answer[]
}

const MODELS = ['haiku', 'sonnet', 'opus', 'conversational/haiku', 'gpt-4.1', null] as const
const ROOMS = ['room 1', 'room 2', 'стая', '__proto__'] as const

/** Known or not, they ask for nothing that could fail. */
const FREE = [
  'seed',
  'user',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'frequency_penalty',
  'presence_penalty',
  'service_tier',
  'store',
  'verbosity',
  'prediction',
  'modalities',
  'audio',
  'web_search_options',
  'reasoning_effort',
  'unknown',
  '__proto__',
  'constructor',
  'toString',
  '',
] as const

function limits(random: Random): object {
  return {
    ...(random.chance(0.15) ? { max_tokens: random.pick([1, 2, 5, 100, 4096, 1_000_000, null]) } : {}),
    ...(random.chance(0.15) ? { max_completion_tokens: random.pick([1, 3, 50, 32_000, 9_007_199_254_740_991]) } : {}),
    ...(random.chance(0.15)
      ? { stop: random.pick([null, [], 'a', ['.', ' '], ['1', '2', '3', '4'], '\n', '🙂', '\u0000']) }
      : {}),
    ...(random.chance(0.15) ? { temperature: random.pick([0, 0.3, 1, 1.7, 2, null]) } : {}),
    ...(random.chance(0.15) ? { top_p: random.pick([0, 0.5, 1, 5e-324, null]) } : {}),
    ...(random.chance(0.05) ? { n: 1 } : {}),
    ...(random.chance(0.1)
      ? { reasoning_effort: random.pick(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']) }
      : {}),
  }
}

function format(random: Random): object {
  switch (random.weighted({ none: 80, text: 5, object: 6, schema: 9 })) {
    case 'none':
      return {}
    case 'text':
      return { response_format: { type: 'text' } }
    case 'object':
      return { response_format: { type: 'json_object' } }
    case 'schema':
      return {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'x', ...(random.chance(0.5) ? { strict: true } : {}), schema: goodSchema(random) },
        },
      }
  }
}

const stream = (random: Random): object => {
  switch (random.weighted({ streamed: 55, counted: 20, whole: 15, absent: 10 })) {
    case 'streamed':
      return { stream: true }
    case 'counted':
      return { stream: true, stream_options: { include_usage: true } }
    case 'whole':
      return { stream: false }
    case 'absent':
      return {}
  }
}

const metadata = (random: Random, world: World): object => {
  if (random.chance(0.9)) return {}
  return random.chance(0.5)
    ? { metadata: { conversation: random.pick(ROOMS) } }
    : {
        metadata: {
          a: hostileText(random, world),
          conversation: random.pick<unknown>([1, '', ' ', null, ['a'], '__proto__']),
        },
      }
}

const freeFields = (random: Random, world: World): object =>
  random.chance(0.75)
    ? {}
    : Object.fromEntries(
        Array.from({ length: random.between(1, 3) }, (_, index) => [
          random.pick(FREE),
          // A body must not be nested too deep.
          JSON.stringify(oddValue(random.fork(index), world)).slice(0, 200),
        ]),
      )

/** One that is in order, but for the pictures that it may show. */
export function anyChat(random: Random, world: World): Chat {
  const messages = anyMessages(random, world)
  const tools = random.chance(0.15) ? toolFields(random, world, random.between(0, 4)) : {}
  const fields = {
    ...(random.chance(0.5) ? { model: random.pick(MODELS) } : {}),
    ...stream(random),
    ...limits(random),
    ...format(random),
    ...tools,
    ...metadata(random, world),
    ...freeFields(random, world),
  }
  const body = Object.fromEntries([...Object.entries({ messages: messages.list }), ...Object.entries(fields)])
  return { body, may: mayOf(body, messages.failures) }
}

/** The model API takes plain names of properties only, where a function has them itself. */
const isPlainName = (name: string): boolean => /^[\w.-]{1,64}$/.test(name)

export function hasOddNames(body: Readonly<Record<string, unknown>>): boolean {
  const { response_format: format, tools } = body as {
    readonly response_format?: { readonly json_schema?: { readonly schema?: { readonly properties?: object } } }
    readonly tools?:
      | readonly { readonly function?: { readonly parameters?: { readonly properties?: object } } }[]
      | null
  }
  const all = [format?.json_schema?.schema, ...(tools ?? []).map((one) => one.function?.parameters)]
  return all.some((schema) => Object.keys(schema?.properties ?? {}).some((name) => !isPlainName(name)))
}

/** A good picture has the answer, another its failure; what is asked in a room may be superseded. */
function mayOf(body: Readonly<Record<string, unknown>>, failures: readonly Answer[]): readonly Answer[] {
  const isInRoom = JSON.stringify(body['metadata'] ?? {}).includes('conversation')
  return [
    ...(failures.length === 0 ? (['ok'] as const) : failures),
    ...(isInRoom ? (['superseded'] as const) : []),
    ...(body['response_format'] === undefined ? [] : (['schema_unmet'] as const)),
    ...(hasOddNames(body) ? (['invalid_request'] as const) : []),
  ]
}
