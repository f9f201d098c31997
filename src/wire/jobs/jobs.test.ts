import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GatewayError, type Job } from '../../core/index.ts'
import { encodeJob, parseJobRequest } from './jobs.ts'

const parse = (fields: object): object => parseJobRequest({ prompt: 'p', agent: 'a', ...fields })

function refusalOf(body: unknown): { readonly code: string; readonly param: string | undefined } {
  try {
    parseJobRequest(body)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    return { code: error.code, param: error.param }
  }
  throw new Error('the body was taken')
}

test('[JB1] a job needs a prompt and an agent; the rest may be absent or null', () => {
  const least = { prompt: 'p', agent: 'a', budgetUsd: undefined, timeoutMs: undefined, metadata: {} }
  expect(parse({})).toStrictEqual(least)
  expect(parse({ max_budget_usd: null, timeout_seconds: null, metadata: null, other: 1 })).toStrictEqual(least)
})

test('[JB1] a job is taken with all that it asks for', () => {
  const prompt = '  Проучи фирмата 🙂\n'
  const metadata = { ж: [1, null, { a: 'b' }], '': false }
  expect(
    parse({ prompt, agent: 'recruiter-triage', max_budget_usd: 0.25, timeout_seconds: 1.5, metadata }),
  ).toStrictEqual({ prompt, agent: 'recruiter-triage', budgetUsd: 0.25, timeoutMs: 1500, metadata })
})

test('[JB1] a time limit is at least a millisecond and at most a day', () => {
  expect(parse({ timeout_seconds: 0.000_01 })).toMatchObject({ timeoutMs: 1 })
  expect(parse({ timeout_seconds: 86_400 })).toMatchObject({ timeoutMs: 86_400_000 })
})

test.each([
  ['no prompt', { agent: 'a' }, 'prompt'],
  ['an empty prompt', { prompt: '', agent: 'a' }, 'prompt'],
  ['a prompt of spaces', { prompt: ' \n', agent: 'a' }, 'prompt'],
  ['a prompt that is null', { prompt: null, agent: 'a' }, 'prompt'],
  ['a prompt of the wrong type', { prompt: ['p'], agent: 'a' }, 'prompt'],
  ['no agent', { prompt: 'p' }, 'agent'],
  ['an empty agent', { prompt: 'p', agent: '' }, 'agent'],
  ['an agent of the wrong type', { prompt: 'p', agent: 5 }, 'agent'],
  ['a budget of 0', { prompt: 'p', agent: 'a', max_budget_usd: 0 }, 'max_budget_usd'],
  ['a budget below 0', { prompt: 'p', agent: 'a', max_budget_usd: -1 }, 'max_budget_usd'],
  ['a budget as a text', { prompt: 'p', agent: 'a', max_budget_usd: '1' }, 'max_budget_usd'],
  ['a time limit of 0', { prompt: 'p', agent: 'a', timeout_seconds: 0 }, 'timeout_seconds'],
  ['a time limit below 0', { prompt: 'p', agent: 'a', timeout_seconds: -1 }, 'timeout_seconds'],
  ['a time limit over a day', { prompt: 'p', agent: 'a', timeout_seconds: 86_401 }, 'timeout_seconds'],
  ['a time limit as a text', { prompt: 'p', agent: 'a', timeout_seconds: '60' }, 'timeout_seconds'],
  ['metadata as an array', { prompt: 'p', agent: 'a', metadata: [1] }, 'metadata'],
  ['metadata as a text', { prompt: 'p', agent: 'a', metadata: 'm' }, 'metadata'],
  ['a body that is null', null, undefined],
  ['a body that is an array', [], undefined],
])('[JB1] %s is refused by name', (_, body, param) => {
  expect(refusalOf(body)).toEqual({ code: 'invalid_request', param })
})

test('[JB2] a job that waits tells null for what is not known', () => {
  const job: Job = {
    id: 'job_1',
    tenant: 'secret tenant',
    agent: 'a',
    prompt: 'secret prompt',
    model: 'opus',
    budgetUsd: 2,
    timeoutMs: 1000,
    metadata: {},
    createdAtMs: 0,
    status: 'queued',
  }
  expect(encodeJob(job)).toStrictEqual({
    job_id: 'job_1',
    status: 'queued',
    agent: 'a',
    model: 'opus',
    created_at: '1970-01-01T00:00:00.000Z',
    started_at: null,
    finished_at: null,
    output: null,
    error: null,
    exit_code: null,
    cost_usd: null,
    metadata: {},
  })
})

test('[JB2] a job that is done tells all, and zeros and empty texts are not null', () => {
  const job: Job = {
    id: 'job_1',
    tenant: 'secret tenant',
    agent: 'a',
    prompt: 'p',
    model: 'opus',
    budgetUsd: 2,
    timeoutMs: 1000,
    metadata: { ж: { a: [null] } },
    createdAtMs: 1_700_000_000_001,
    startedAtMs: 1_700_000_001_002,
    finishedAtMs: 1_700_000_002_003,
    status: 'completed',
    output: '',
    error: '',
    exitCode: 0,
    costUsd: 0,
  }
  expect(encodeJob(job)).toStrictEqual({
    job_id: 'job_1',
    status: 'completed',
    agent: 'a',
    model: 'opus',
    created_at: '2023-11-14T22:13:20.001Z',
    started_at: '2023-11-14T22:13:21.002Z',
    finished_at: '2023-11-14T22:13:22.003Z',
    output: '',
    error: '',
    exit_code: 0,
    cost_usd: 0,
    metadata: { ж: { a: [null] } },
  })
})

test('[JB2] metadata come back as they were given', () => {
  const names = fc.string({ unit: 'binary' }).filter((name) => name !== '__proto__')
  fc.assert(
    fc.property(fc.dictionary(names, fc.jsonValue(), { noNullPrototype: true }), (metadata) => {
      expect(parse({ metadata })).toHaveProperty('metadata', metadata)
    }),
  )
})
