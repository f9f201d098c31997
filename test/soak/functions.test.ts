/**
 * Many conversations at once on few processes, with functions that differ and change, calls, results that are edited, pictures,
 * settings, and clients that leave: each request to the model holds what its client sent, and nothing of another.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toBlocks, type RehearsedRequest } from '../../src/rehearsal/index.ts'
import { pngPicture } from '../support/picture-server.ts'
import { delay, KEY, startStage, type Stage } from '../support/stage.ts'
import { readStream } from '../support/stream.ts'
import { createRandom, type Random } from './random.ts'

const CONVERSATIONS = Number(process.env['SOAK_CONVERSATIONS'] ?? 60)
const AT_ONCE = 6
const SEED = process.env['SOAK_SEED'] ?? '1'
const NAMES = ['look_up', 'book', 'call_back', 'get-weather', 'answer'] as const
const HOSTILE = ['/clear', '@/etc/hostname', 'ultrathink', '</function_result>', 'здравей 🙂', '{"a":"b"}'] as const

interface Call {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; readonly arguments: string }
}
type Said =
  | { readonly role: 'system' | 'user'; readonly content: string | readonly object[] }
  | { readonly role: 'assistant'; readonly content: string | null; readonly tool_calls?: readonly Call[] }
  | { readonly role: 'tool'; readonly tool_call_id: string; readonly content: string }

let stage: Stage
beforeAll(async () => {
  stage = await startStage({
    env: { VIVAVOCE_POOL_MAX: '4', VIVAVOCE_POOL_SPARES: '1', VIVAVOCE_TENANTS: 'other=other-key' },
  })
})
afterAll(() => stage.close())

const picture = {
  type: 'image_url',
  image_url: { url: `data:image/png;base64,${pngPicture.base64}` },
}
const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: pngPicture.base64 } }

const oneOf = (random: Random, list: readonly string[]): string => list[random.between(0, list.length - 1)] ?? ''

/** A block as the model API is to be sent it. */
const asBlock = (part: object): object => ('image_url' in part ? image : part)

/** What the model is to be told, messages of one role in a row joined, as the CLI joins a user's. */
function wantedOf(history: readonly Said[]): readonly object[] {
  const told: { role: string; content: object[] }[] = []
  const add = (role: string, content: readonly object[]): void => {
    const last = told.at(-1)
    if (last?.role === role && role === 'user') last.content.push(...content)
    else told.push({ role, content: [...content] })
  }
  const text = (said: string) => ({ type: 'text', text: said })
  for (const message of history) {
    if (message.role === 'system') continue
    if (message.role === 'tool') {
      const content = [text(message.content)]
      add('user', [{ type: 'tool_result', tool_use_id: message.tool_call_id, content }])
    } else if (message.role === 'assistant') {
      const calls = (message.tool_calls ?? []).map(({ id, function: { name, arguments: json } }) => ({
        type: 'tool_use',
        id,
        name,
        input: JSON.parse(json) as unknown,
      }))
      add('assistant', [...(message.content ? [text(message.content)] : []), ...calls])
    } else add('user', typeof message.content === 'string' ? [text(message.content)] : message.content.map(asBlock))
  }
  return told
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1)

/** The CLI ends a block that another follows with a line break. */
const wantedText = (wanted: object): string => JSON.stringify(wanted).replaceAll('\\n"', '"')

/** What the model was told, without what the CLI adds of itself. */
const toldIn = (body: RehearsedRequest['body'], { withTools }: { readonly withTools: boolean }): string => {
  const tools = (body.tools ?? []).map(({ name, description, input_schema: parameters }) => ({
    name,
    description,
    parameters,
  }))
  const messages = body.messages
    .filter(({ role }) => role !== 'system')
    .map(({ role, content }) => ({ role, content: toBlocks(content) }))
  const plain: unknown = JSON.parse(
    JSON.stringify(
      {
        messages,
        temperature: body['temperature'],
        ...(withTools ? { tools: tools.toSorted(byName), choice: body.tool_choice?.type } : {}),
      },
      (key, value: unknown) => (key === 'cache_control' ? undefined : value),
    ).replaceAll(/mcp__[\da-f]{12}__/g, ''),
  )
  return wantedText(plain as object)
}

async function converse(number: number, all: Random): Promise<void> {
  const marker = `M${number}x`
  const key = number % 2 === 0 ? KEY : 'other-key'
  const toolsOf = (random: Random) =>
    NAMES.filter(() => random.chance(0.6)).map((name) => ({
      type: 'function',
      function: {
        name,
        description: `${marker} ${random.pick(HOSTILE)}`,
        parameters: {
          type: 'object',
          properties: { city: { type: 'string', title: `${marker}${random.between(0, 3)}` } },
        },
      },
    }))
  let tools = toolsOf(all.fork('tools'))
  let history: Said[] = [{ role: 'system', content: `${marker} is your name.` }]
  const turns = all.between(2, 7)
  const seen = new Set<string>()
  const asks: { readonly token: string; readonly wanted: string; readonly answered: boolean }[] = []
  for (let turn = 0; turn < turns; turn++) {
    const random = all.fork(turn)
    const token = `${marker}t${turn}e`
    if (random.chance(0.25)) tools = toolsOf(random.fork('tools'))
    if (random.chance(0.2)) {
      // What came of a call is told otherwise.
      history = history.map((message) =>
        message.role === 'tool' && random.chance(0.5) ? { ...message, content: `${marker} later` } : message,
      )
    }
    const callable = tools.map(({ function: { name } }) => name)
    const answersCalls = history.at(-1)?.role === 'tool'
    const calls = callable.length > 0 && random.chance(0.5) ? [oneOf(random, callable), oneOf(random, callable)] : []
    const leaves = random.chance(0.2)
    const directions = [
      ...(calls.length > 0 ? calls.map((name) => `call=${name} input={"city":"${token}"}`) : []),
      ...(leaves ? ['slow=15'] : []),
    ].join(' ')
    const words = `${leaves ? 'count to 60 ' : ''}${token} ${random.pick(HOSTILE)}`
    if (!answersCalls || random.chance(0.3)) {
      const asks = `${words}${directions === '' ? '' : ` [rehearse ${directions}]`}`
      history.push({
        role: 'user',
        content: random.chance(0.15) ? [picture, { type: 'text', text: asks }] : asks,
      })
    }
    const extra = {
      ...(random.chance(0.2) ? { temperature: 0.5 } : {}),
      ...(calls.length === 0 && callable.length > 0 && random.chance(0.2) ? { tool_choice: 'none' } : {}),
    }
    const left = new AbortController()
    const wanted = wantedText({
      messages: wantedOf(history),
      temperature: extra.temperature,
      ...(tools.length === 0
        ? {}
        : { tools: tools.map((tool) => tool.function).toSorted(byName), choice: extra.tool_choice }),
    })
    const sending = stage.fetch('/v1/chat/completions', {
      headers: { authorization: `Bearer ${key}` },
      signal: left.signal,
      body: { stream: true, messages: history, ...(tools.length === 0 ? {} : { tools }), ...extra },
    })
    if (leaves) setTimeout(() => left.abort(), random.between(0, 250))
    const outcome = await sending.then(readStream).catch((error: unknown) => {
      if (left.signal.aborted) return undefined
      throw error
    })
    if (outcome !== undefined) expect(outcome.error).toBeUndefined()
    asks.push({ token, wanted, answered: outcome !== undefined })
    if (outcome === undefined) {
      if (random.chance(0.5)) history.push({ role: 'assistant', content: `${marker} heard in part` })
      else if (history.at(-1)?.role === 'user') history.pop()
      continue
    }
    const made = callsIn(outcome.chunks)
    if (made.length === 0) {
      history.push({ role: 'assistant', content: outcome.text })
      continue
    }
    history.push({ role: 'assistant', content: outcome.text === '' ? null : outcome.text, tool_calls: made })
    for (const { id } of made)
      history.push({ role: 'tool', tool_call_id: id, content: `${marker} ${random.pick(HOSTILE)} result` })
  }
  // One that was left may be late.
  await delay(100)
  const mine = stage.rehearsal.requests.filter(({ rawBody }) => rawBody.includes(marker))
  for (const { body, rawBody } of mine) {
    expect(new Set(rawBody.match(/M\d+x/g))).toEqual(new Set([marker]))
    // Functions of the history alone are known, but cannot be called.
    const isPlain = body.tools === undefined || body.tools.length === 0 || body.tool_choice?.type === 'none'
    const told = [toldIn(body, { withTools: true }), ...(isPlain ? [toldIn(body, { withTools: false })] : [])]
    const ask = asks.find(({ wanted }) => told.includes(wanted))
    // Fails with what was told and what might have been.
    if (ask === undefined) expect(asks.map(({ wanted }) => wanted)).toContain(told[0])
    else seen.add(ask.wanted)
  }
  expect(asks.filter(({ wanted, answered }) => answered && !seen.has(wanted))).toEqual([])
}

/** The calls of a stream, put together. */
function callsIn(chunks: readonly object[]): readonly Call[] {
  const made: { id: string; name: string; json: string }[] = []
  for (const chunk of chunks as readonly {
    readonly choices: readonly {
      readonly delta: {
        readonly tool_calls?: readonly {
          readonly index: number
          readonly id?: string
          readonly function: { readonly name?: string; readonly arguments: string }
        }[]
      }
    }[]
  }[])
    for (const { index, id, function: called } of chunk.choices[0]?.delta.tool_calls ?? []) {
      if (id !== undefined) made[index] = { id, name: called.name ?? '', json: '' }
      const one = made[index]
      if (one !== undefined) one.json += called.arguments
    }
  return made.map(({ id, name, json }) => ({ id, type: 'function', function: { name, arguments: json } }))
}

test('[FN3] [FN4] [FN7] [WP1] [WP3] no function, call, result or picture strays from its conversation', async () => {
  const random = createRandom(SEED)
  let begun = 0
  const caller = async (): Promise<void> => {
    while (begun < CONVERSATIONS) {
      const number = begun++
      await converse(number, random.fork(number))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, caller))
  expect(stage.observations.filter(({ type }) => type === 'process-doubted')).toEqual([])
  expect(stage.rehearsal.requests.length).toBeGreaterThan(CONVERSATIONS)
}, 240_000)
