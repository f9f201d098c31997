/** What the model is sent of the machine for a chat agent: nothing, on the real CLI, however its process came to the turn. */
import { mkdtemp, rm } from 'node:fs/promises'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { locateCli, openCapabilityCache } from '../../src/claude/index.ts'
import { systemClock } from '../../src/core/index.ts'
import { installed, OLDER_CLI } from '../support/older-cli.ts'
import { startStage, type Stage } from '../support/stage.ts'
import { readStream } from '../support/stream.ts'

const ENGINES = [
  { engine: 'pooled processes', env: { VIVAVOCE_POOL_MAX: '1' }, kinds: ['fresh', 'kept', 'rewound', 'replayed'] },
  // A turn with tools has a process that is told step by step.
  { engine: 'a process for each turn', env: { VIVAVOCE_POOL_MAX: '0' }, kinds: ['cold', 'fresh', 'replayed'] },
]
const VERSIONS: readonly { readonly version: string; readonly bin?: string }[] = [
  { version: 'the pinned version' },
  { version: 'version 2.1.197', bin: OLDER_CLI },
]
const VARIANTS = installed(VERSIONS).flatMap((version) => ENGINES.map((engine) => ({ ...version, ...engine })))

const user = (content: string) => ({ role: 'user', content })
const assistant = (content: string) => ({ role: 'assistant', content })
const CALL = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Sofia"}' } }
const TOOLS = [
  {
    type: 'function',
    function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
  },
]

/** What no request may say. */
const wordsOfTheMachine = ({ directory }: Stage): readonly string[] => [
  directory,
  process.cwd(),
  release(),
  '# Environment',
  'Primary working directory',
  'Platform:',
  'OS Version',
  'Shell:',
]

/** The requests to the model that say anything of the machine, and what they say. */
const leaks = (stage: Stage): readonly string[] =>
  stage.rehearsal.requests.flatMap(({ rawBody }) =>
    wordsOfTheMachine(stage)
      .filter((words) => rawBody.includes(words))
      .map((words) => `${words} in ${rawBody.slice(0, 2000)}`),
  )

describe.each(VARIANTS)('[WP20] $version, $engine', ({ bin, env, kinds }) => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage({ env: { ...env, ...(bin === undefined ? {} : { VIVAVOCE_CLAUDE_BIN: bin }) } })
  })
  afterAll(() => stage.close())

  const ask = async (rest: object): Promise<string> =>
    (await readStream(await stage.fetch('/v1/chat/completions', { body: { stream: true, ...rest } }))).text
  const lastTold = (): string => stage.told(stage.rehearsal.requests.at(-1)?.body)

  test('the model is sent the history and nothing of the machine: first and later turns, edits, other models, calls', async () => {
    const first = [user('say exactly: one')]
    expect(await ask({ messages: first })).toBe('one')
    const next = [...first, assistant('one'), user('say exactly: two')]
    expect(await ask({ messages: next })).toBe('two')
    // The last question is another, then the first one.
    expect(await ask({ messages: [...first, assistant('one'), user('say exactly: three')] })).toBe('three')
    expect(await ask({ messages: [user('zero'), assistant('one'), user('say exactly: four')] })).toBe('four')
    for (const model of ['haiku', 'sonnet', 'opus']) {
      expect(await ask({ model, messages: [user(`say exactly: ${model}`)] })).toBe(model)
      expect(await ask({ model, messages: [user('a'), assistant('b'), user('say exactly: again')] })).toBe('again')
    }
    expect(await ask({ messages: [{ role: 'system', content: 'Be brief.' }, user('say exactly: five')] })).toBe('five')
    expect(await ask({ max_tokens: 500, temperature: 0.5, messages: [user('say exactly: six')] })).toBe('six')
    expect(await ask({ messages: [assistant('Welcome.'), user('say exactly: seven')] })).toBe('seven')
    expect(lastTold()).toMatch(/say exactly: seven$/)

    const called = await readStream(
      await stage.fetch('/v1/chat/completions', {
        body: { stream: true, messages: [user('the weather?')], tools: TOOLS, tool_choice: 'required' },
      }),
    )
    expect(called.finish).toEqual(['tool_calls'])
    const result = { role: 'tool', tool_call_id: CALL.id, content: 'rain' }
    const after = [user('the weather?'), { role: 'assistant', content: null, tool_calls: [CALL] }, result]
    await ask({ messages: after, tools: TOOLS })
    await ask({ messages: [...after, assistant('It rains.'), user('say exactly: eight')], tools: TOOLS })
    expect(lastTold()).toBe(
      'user: the weather? | assistant: <tool_use> | user: <tool_result> | assistant: It rains. | user: say exactly: eight',
    )
    expect(new Set(stage.observations.flatMap((seen) => (seen.type === 'turn-aligned' ? [seen.kind] : [])))).toEqual(
      new Set(kinds),
    )
    expect(stage.rehearsal.requests.length).toBeGreaterThanOrEqual(16)
    expect(leaks(stage)).toEqual([])
  })
})

test('[WP20] each process is a session of its own', async () => {
  await using stage = await startStage({ env: { VIVAVOCE_POOL_MAX: '0' } })
  for (const content of ['one', 'two'])
    await (await stage.fetch('/v1/chat/completions', { body: { messages: [user(content)] } })).json()
  const sessions = stage.rehearsal.requests.map(({ body }) => JSON.stringify(body['metadata']))
  expect(sessions).toHaveLength(2)
  expect(new Set(sessions).size).toBe(2)
})

test('[WP21] a CLI that is not known to leave its note out is named, and its note names a directory that says nothing', async () => {
  const cache = await mkdtemp(join(tmpdir(), 'cache-'))
  const cli = await locateCli({ wanted: undefined, searchPath: process.env['PATH'] ?? '' })
  await openCapabilityCache(join(cache, 'vivavoce', 'capabilities.json'), systemClock).put(cli, {
    pooled: true,
    abilities: {
      replay: 'bulk',
      rewind: 'jump',
      systemPrompt: 'live',
      switchModel: true,
      liveSettings: true,
      functions: true,
      interrupt: true,
      environmentNote: 'sent',
    },
  })
  {
    await using stage = await startStage({ env: { XDG_CACHE_HOME: cache, VIVAVOCE_POOL_SPARES: '1' } })
    await (await stage.fetch('/v1/chat/completions', { body: { messages: [user('one')] } })).json()
    const sent = stage.rehearsal.requests.at(-1)?.rawBody ?? ''
    expect(sent).toContain('Primary working directory: /\\n')
    expect(sent).toContain('Shell: bash\\n')
    expect(sent).not.toContain(stage.directory)
    const health = (await (await stage.fetch('/health')).json()) as { readonly cli: object }
    expect(JSON.stringify(health.cli)).toContain('private environment')
    expect(JSON.stringify(stage.observations)).toContain('private environment')
  }
  await rm(cache, { recursive: true, force: true })
})
