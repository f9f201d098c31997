import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GatewayError } from '../../core/index.ts'
import { parseIdempotencyKey, parseJobRequest } from './job-request.ts'

const read = (body: unknown): object => parseJobRequest(body, JSON.stringify(body))
const parse = (fields: object): object => read({ prompt: 'p', agent: 'a', ...fields })

function refusalOf(parse: () => unknown): { readonly code: string; readonly param: string | undefined } {
  try {
    parse()
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    return { code: error.code, param: error.param }
  }
  throw new Error('it was taken')
}

test('[JB1] a job needs a prompt and an agent; the rest may be absent or null', () => {
  const least = {
    prompt: 'p',
    agent: 'a',
    budgetUsd: undefined,
    timeoutMs: undefined,
    metadata: '{}',
    priority: 0,
    callbackUrl: undefined,
    pushTo: undefined,
  }
  expect(parse({})).toStrictEqual(least)
  expect(
    parse({
      max_budget_usd: null,
      timeout_seconds: null,
      metadata: null,
      priority: null,
      callback_url: null,
      push: null,
      other: 1,
    }),
  ).toStrictEqual(least)
})

test('[JB1] a job is taken with all that it asks for', () => {
  const prompt = '  Проучи фирмата 🙂\n'
  const metadata = { ж: [1, null, { a: 'b' }], '': false }
  expect(
    parse({
      prompt,
      agent: 'recruiter-triage',
      max_budget_usd: 0.25,
      timeout_seconds: 1.5,
      metadata,
      priority: -100,
      callback_url: 'https://example.com/x',
      push: { branch: 'agents/работа', other: 1 },
    }),
  ).toStrictEqual({
    prompt,
    agent: 'recruiter-triage',
    budgetUsd: 0.25,
    timeoutMs: 1500,
    metadata: JSON.stringify(metadata),
    priority: -100,
    callbackUrl: 'https://example.com/x',
    pushTo: 'agents/работа',
  })
})

test('[JB1] a time limit is at least a millisecond and at most 23 hours', () => {
  expect(parse({ timeout_seconds: 0.000_01 })).toMatchObject({ timeoutMs: 1 })
  expect(parse({ timeout_seconds: 82_800 })).toMatchObject({ timeoutMs: 82_800_000 })
})

test('[JB4] a priority of minus nothing is none', () => {
  expect(Object.is((parse({ priority: -0 }) as { readonly priority: number }).priority, 0)).toBe(true)
})

test.each([
  ['no prompt', { agent: 'a' }, 'prompt'],
  ['an empty prompt', { prompt: '', agent: 'a' }, 'prompt'],
  ['a prompt of spaces', { prompt: ' \n', agent: 'a' }, 'prompt'],
  ['a prompt that is null', { prompt: null, agent: 'a' }, 'prompt'],
  ['a prompt of the wrong type', { prompt: ['p'], agent: 'a' }, 'prompt'],
  ['an empty agent', { prompt: 'p', agent: '' }, 'agent'],
  ['an agent of the wrong type', { prompt: 'p', agent: 5 }, 'agent'],
  ['a budget of 0', { prompt: 'p', agent: 'a', max_budget_usd: 0 }, 'max_budget_usd'],
  ['a budget below 0', { prompt: 'p', agent: 'a', max_budget_usd: -1 }, 'max_budget_usd'],
  ['a budget as a text', { prompt: 'p', agent: 'a', max_budget_usd: '1' }, 'max_budget_usd'],
  ['a time limit of 0', { prompt: 'p', agent: 'a', timeout_seconds: 0 }, 'timeout_seconds'],
  ['a time limit below 0', { prompt: 'p', agent: 'a', timeout_seconds: -1 }, 'timeout_seconds'],
  ['metadata over 64 KiB', { prompt: 'p', agent: 'a', metadata: { a: 'ж'.repeat(40_000) } }, 'metadata'],
  ['a time limit over 23 hours', { prompt: 'p', agent: 'a', timeout_seconds: 82_801 }, 'timeout_seconds'],
  ['a time limit as a text', { prompt: 'p', agent: 'a', timeout_seconds: '60' }, 'timeout_seconds'],
  ['metadata as an array', { prompt: 'p', agent: 'a', metadata: [1] }, 'metadata'],
  ['metadata as a text', { prompt: 'p', agent: 'a', metadata: 'm' }, 'metadata'],
  ['a priority that is too high', { prompt: 'p', agent: 'a', priority: 101 }, 'priority'],
  ['a priority that is too low', { prompt: 'p', agent: 'a', priority: -101 }, 'priority'],
  ['a priority in parts', { prompt: 'p', agent: 'a', priority: 0.5 }, 'priority'],
  ['a priority as a text', { prompt: 'p', agent: 'a', priority: '1' }, 'priority'],
  ['a callback of the wrong type', { prompt: 'p', agent: 'a', callback_url: ['x'] }, 'callback_url'],
  ['a push as a text', { prompt: 'p', agent: 'a', push: 'b' }, 'push'],
  ['a push without a branch', { prompt: 'p', agent: 'a', push: {} }, 'push.branch'],
  ['a branch of the wrong type', { prompt: 'p', agent: 'a', push: { branch: 1 } }, 'push.branch'],
  ['a body that is null', null, undefined],
  ['a body that is an array', [], undefined],
])('[JB1] %s is refused by name', (_, body, param) => {
  expect(refusalOf(() => read(body))).toEqual({ code: 'invalid_request', param })
})

test.each([undefined, null])('[JB1] an agent that is %j is left to the server', (agent) => {
  expect(read({ prompt: 'p', agent })).toHaveProperty('agent', undefined)
})

test('[JB2] metadata are taken byte for byte', () => {
  const names = fc.string({ unit: 'binary' }).filter((name) => name !== '__proto__')
  fc.assert(
    fc.property(fc.dictionary(names, fc.jsonValue(), { noNullPrototype: true }), (metadata) => {
      expect(parse({ metadata })).toHaveProperty('metadata', JSON.stringify(metadata))
    }),
  )
  const text =
    '{ "id":2512292042121000001,"p":1.10,"k":{"2":"b","1":"a"},"e":1e400,"z":-0,"__proto__":{"a":1},"a":1,"a":2 }'
  const body = `{"metadata":5,"prompt":"\\"metadata\\":{}","agent":"a","push":null, "metadata" : ${text} }`
  expect(parseJobRequest(JSON.parse(body), body)).toHaveProperty('metadata', text)
})

test('[JB6] an idempotency key is of 1 to 255 visible ASCII characters', () => {
  expect(parseIdempotencyKey(undefined)).toBeUndefined()
  for (const key of ['k', '!~', 'k'.repeat(255), "'; drop"].map((text) => text.replace(' ', '_')))
    expect(parseIdempotencyKey(key)).toBe(key)
  for (const key of ['', ' ', 'a b', 'k'.repeat(256), 'ж', 'a\tb', '\0', 'a\u007f'])
    expect(refusalOf(() => parseIdempotencyKey(key))).toEqual({ code: 'invalid_request', param: 'idempotency-key' })
})
