/** Custom tools and files as the `openai` package sends and reads them. */
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pdf } from '../../support/pdf.ts'
import { KEY, startStage, type Stage } from '../../support/stage.ts'

const MODEL = 'conversational/sonnet'
const CODE: OpenAI.ChatCompletionCustomTool = {
  type: 'custom',
  custom: { name: 'run_code', description: 'Runs Python.', format: { type: 'text' } },
}
const INPUT = 'print("Ж 🙂")'
const ASKS = `Run it. [rehearse call=run_code input=${JSON.stringify({ input: INPUT })}]`

let stage: Stage
let client: OpenAI
beforeAll(async () => {
  stage = await startStage({ env: { VIVAVOCE_POOL_SPARES: '1' } })
  client = new OpenAI({ baseURL: `${stage.gateway.url}/v1`, apiKey: KEY, maxRetries: 0 })
})
afterAll(() => stage.close())

test('[FN15] [FN16] [FN17] a custom tool is offered, chosen, called, and goes on from its result', async () => {
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: ASKS }]
  const { choices } = await client.chat.completions.create({
    model: MODEL,
    messages,
    tools: [CODE],
    tool_choice: { type: 'custom', custom: { name: 'run_code' } },
  })
  const [call] = choices[0]?.message.tool_calls ?? []
  expect([choices[0]?.finish_reason, call]).toEqual([
    'tool_calls',
    { id: expect.stringMatching(/^call_/), type: 'custom', custom: { name: 'run_code', input: INPUT } },
  ])
  expect(stage.rehearsal.requests.at(-1)?.body.tool_choice).toMatchObject({ type: 'tool' })
  if (choices[0] === undefined || call === undefined) throw new Error('a call is due')
  const result = { role: 'tool', tool_call_id: call.id, content: 'done' } as const
  const second = await client.chat.completions.create({
    model: MODEL,
    messages: [...messages, choices[0].message, result],
    tools: [CODE],
  })
  expect(second.choices[0]?.message.content).toBe('The tool answered: done')
  expect(stage.rehearsal.requests.at(-1)?.rawBody).toContain(`"input":${JSON.stringify({ input: INPUT })}`)
})

test('[FN16] a custom call is streamed in the form that the package has for it', async () => {
  const stream = await client.chat.completions.create({
    model: MODEL,
    stream: true,
    messages: [{ role: 'user', content: ASKS }],
    tools: [CODE],
  })
  const deltas: OpenAI.ChatCompletionChunk.Choice.Delta.ToolCall[] = []
  for await (const { choices } of stream) deltas.push(...(choices[0]?.delta.tool_calls ?? []))
  expect(deltas).toEqual([
    { index: 0, id: expect.any(String), type: 'custom', custom: { name: 'run_code', input: '' } },
    { index: 0, custom: { input: INPUT } },
  ])
  const helper = client.chat.completions.stream({
    model: MODEL,
    messages: [{ role: 'user', content: ASKS }],
    tools: [CODE],
  })
  const final = await helper.finalMessage()
  expect(final.tool_calls).toMatchObject([{ type: 'custom', custom: { name: 'run_code', input: INPUT } }])
})

test('[FI1] a file that the package sends reaches the model', async () => {
  const file_data = `data:application/pdf;base64,${pdf().toString('base64')}`
  const content: OpenAI.ChatCompletionContentPart[] = [
    { type: 'file', file: { file_data, filename: 'a.pdf' } },
    { type: 'text', text: 'say exactly: read' },
  ]
  const { choices } = await client.chat.completions.create({ model: MODEL, messages: [{ role: 'user', content }] })
  expect(choices[0]?.message.content).toBe('read')
  expect(stage.rehearsal.requests.at(-1)?.rawBody).toContain('"media_type":"application/pdf"')
})
