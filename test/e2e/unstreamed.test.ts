/** Chat that is not streamed, on the real CLI: who serves it, and what the model is sent. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Observation } from '../../src/core/index.ts'
import { toBlocks, type RehearsedRequest } from '../../src/rehearsal/index.ts'
import { startStage, type Stage } from '../support/stage.ts'
import { readStream } from '../support/stream.ts'

type Aligned = Extract<Observation, { type: 'turn-aligned' }>

const SYSTEM = 'Напиши заглавие от три думи. 🙂'
const titled = [
  { role: 'system', content: SYSTEM },
  { role: 'user', content: 'say exactly: Три кратки думи' },
]

interface Completion {
  readonly model: string
  readonly choices: readonly { readonly message: { readonly content: string }; readonly finish_reason: string }[]
  readonly usage: object
}

const whole = async (on: Stage, fields: object = {}): Promise<Completion> => {
  const reply = await on.fetch('/v1/chat/completions', { body: { messages: titled, ...fields } })
  expect(reply.status).toBe(200)
  return (await reply.json()) as Completion
}
const lastHit = (on: Stage): Aligned | undefined =>
  on.observations.filter((seen): seen is Aligned => seen.type === 'turn-aligned').at(-1)
const systemTexts = (request: RehearsedRequest | undefined): readonly (string | null | undefined)[] =>
  toBlocks(request?.body.system ?? '').map(({ text }) => text)

let stage: Stage
beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage.close())

/** All that the model is sent, but for what the CLI counts up. */
const sent = (request: RehearsedRequest | undefined): object => ({ ...request?.body, metadata: undefined })

describe('chat that is not streamed', () => {
  test('[CC24] a pooled process serves it, and the model is sent what it is sent for a stream', async () => {
    const fields = { model: 'haiku', max_tokens: 40, temperature: 0.2, stop: ['КРАЙ'] }
    const { choices, model } = await whole(stage, fields)
    expect([model, choices[0]?.message.content, choices[0]?.finish_reason]).toEqual([
      'haiku',
      'Три кратки думи',
      'stop',
    ])
    expect(lastHit(stage)?.kind).not.toBe('cold')
    const unstreamed = stage.rehearsal.requests.at(-1)
    const { text } = await readStream(
      await stage.fetch('/v1/chat/completions', { body: { messages: titled, stream: true, ...fields } }),
    )
    expect(text).toBe('Три кратки думи')
    expect(sent(stage.rehearsal.requests.at(-1))).toEqual(sent(unstreamed))
  })
  test('[CC25] the caller’s system message is the whole system prompt; without one the persona is', async () => {
    for (const stream of [true, false]) {
      const ask = async (messages: readonly object[]) => {
        await (await stage.fetch('/v1/chat/completions', { body: { messages, stream } })).text()
        return systemTexts(stage.rehearsal.requests.at(-1)).join('\n')
      }
      expect((await ask(titled)).endsWith(`\n${SYSTEM}`)).toBe(true)
      expect(await ask(titled)).not.toContain('spoken')
      expect(await ask(titled.slice(1))).toContain('spoken')
    }
  })

  test('[CC24] [ER7] a failure, a limit and a stop sequence are the same as in a stream', async () => {
    const said = (content: string) => [{ role: 'user', content }]
    const refused = async (stream: boolean) => {
      const reply = await stage.fetch('/v1/chat/completions', {
        body: { messages: said('x [rehearse status=429]'), stream },
      })
      return [reply.status, ((await reply.json()) as { readonly error: object }).error]
    }
    expect(await refused(false)).toEqual(await refused(true))
    for (const [fields, text, finish] of [
      [{ messages: said('count to 30'), max_tokens: 5 }, /^1 2 3/, 'length'],
      [{ messages: said('count to 9'), stop: '4' }, /^1 2 3 $/, 'stop'],
    ] as const) {
      const { choices } = await whole(stage, fields)
      const streamed = await readStream(
        await stage.fetch('/v1/chat/completions', { body: { ...fields, stream: true } }),
      )
      expect(choices[0]).toMatchObject({ message: { content: expect.stringMatching(text) }, finish_reason: finish })
      expect([streamed.text, streamed.finish]).toEqual([choices[0]?.message.content, [finish]])
    }
    expect(stage.observations.filter((seen) => seen.type === 'turn-aligned' && seen.kind === 'cold')).toEqual([])
  })
})

test('[CC22] an operator who names a tool agent has it answer what is not streamed', async () => {
  await using own = await startStage({ env: { VIVAVOCE_AGENT: 'recruiter-triage' } })
  await whole(own)
  expect(own.rehearsal.requests.at(-1)?.body.tools?.map(({ name }) => name)).toContain('Read')
  await whole(own, { model: 'conversational/haiku' })
  expect(own.rehearsal.requests.at(-1)?.body.tools ?? []).toEqual([])
})
