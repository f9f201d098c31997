/** Schemas whose patterns are in another language's dialect, on the real CLI. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installed, OLDER_CLI } from '../support/older-cli.ts'
import { startStage, type Stage } from '../support/stage.ts'

const SCHEMA = {
  type: 'object',
  properties: {
    word: { type: 'string', pattern: '(?i)^abc$' },
    day: { $ref: '#/$defs/Day' },
  },
  required: ['word'],
  additionalProperties: false,
  $defs: { Day: { type: 'string', pattern: '\\A(?P<year>\\d{4})-(?P=year)\\Z' } },
}
const TOOLS = [{ type: 'function', function: { name: 'look', parameters: SCHEMA } }]
const FORMAT = { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: SCHEMA } } }

interface Completion {
  readonly choices: readonly { readonly message: { readonly content: string | null; readonly tool_calls?: unknown } }[]
}

describe.each(
  installed([
    { name: 'the pinned version', env: { VIVAVOCE_POOL_MAX: '1', VIVAVOCE_POOL_SPARES: '1' } },
    {
      name: 'version 2.1.197',
      env: { VIVAVOCE_CLAUDE_BIN: OLDER_CLI, VIVAVOCE_POOL_MAX: '1', VIVAVOCE_POOL_SPARES: '1' },
    },
  ]),
)('patterns of another dialect, $name', ({ env }) => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage({ env })
  })
  afterAll(() => stage.close())

  const complete = async (model: string, content: string, rest: object) => {
    const response = await stage.fetch('/v1/chat/completions', {
      body: { model, messages: [{ role: 'user', content }], ...rest },
    })
    const body = (await response.json()) as Completion
    expect([response.status, body]).toEqual([200, body])
    return body.choices[0]?.message
  }
  const tools = () => stage.rehearsal.requests.at(-1)?.body.tools

  test('[FN13] the schema of a tool reaches the model untouched', async () => {
    const message = await complete('conversational/sonnet', '[rehearse call=look input={"word":"x"}]', { tools: TOOLS })
    expect(message?.tool_calls).toMatchObject([{ function: { name: 'look', arguments: '{"word":"x"}' } }])
    expect(JSON.stringify(tools())).toContain(JSON.stringify(SCHEMA))
  })

  test('[CC31] a response to a schema is not checked against them', async () => {
    const message = await complete('conversational/sonnet', 'any', FORMAT)
    expect(JSON.parse(message?.content ?? '')).toMatchObject({ word: expect.any(String) })
    expect(JSON.stringify(tools())).toContain(JSON.stringify(SCHEMA))
  })

  test('[CC32] a tool agent responds to such a schema', async () => {
    const asks = '[rehearse call=StructuredOutput input={"word":"any"}]'
    expect((await complete('recruiter-triage/sonnet', asks, FORMAT))?.content).toBe('{"word":"any"}')
    const offered = tools()?.find((tool) => tool.name === 'StructuredOutput')
    expect(JSON.stringify(offered)).toContain('"description":"Pattern: (?i)^abc$"')
  })
})
