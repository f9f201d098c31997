/**
 * Kept processes on the real CLI: whatever a process held before, the model is sent what the request says. On the pinned
 * version, on an older one that can do less, and on the pinned one with each ability taken away in turn.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { locateCli, openCapabilityCache, type Abilities } from '../../src/claude/index.ts'
import { systemClock } from '../../src/core/index.ts'
import { toBlocks, type RehearsedRequest } from '../../src/rehearsal/index.ts'
import { installed, OLDER_CLI } from '../support/older-cli.ts'
import { startStage, until, type Stage } from '../support/stage.ts'
import { readStream } from '../support/stream.ts'

const ALL: Abilities = {
  replay: 'bulk',
  rewind: 'jump',
  systemPrompt: 'live',
  switchModel: true,
  liveSettings: true,
  functions: true,
  interrupt: true,
  environmentNote: 'removable',
}

interface Variant {
  readonly name: string
  readonly bin?: string
  /** What the gateway is to believe; found out by itself where absent. */
  readonly abilities?: Abilities
  readonly env?: Readonly<Record<string, string>>
  /** A history that must be told anew is told as one text. */
  readonly flattens?: true
}

const VARIANTS: readonly Variant[] = [
  { name: 'the pinned version' },
  { name: 'version 2.1.197', bin: OLDER_CLI },
  { name: 'histories told message by message', abilities: { ...ALL, replay: 'steps' } },
  { name: 'rewinding step by step', abilities: { ...ALL, rewind: 'steps' } },
  { name: 'system prompts that change between conversations only', abilities: { ...ALL, systemPrompt: 'when-empty' } },
  {
    name: 'a process for each system prompt and model',
    abilities: { ...ALL, systemPrompt: 'fixed', switchModel: false },
  },
  { name: 'a process for each conversation', abilities: { ...ALL, rewind: 'none' } },
  { name: 'a process for each turn where limits are set', abilities: { ...ALL, liveSettings: false } },
  { name: 'processes that an interruption ends', abilities: { ...ALL, interrupt: false } },
  { name: 'histories told as one text', abilities: { ...ALL, replay: 'none' }, flattens: true },
  {
    name: 'a process that can be asked once',
    abilities: {
      replay: 'none',
      rewind: 'none',
      systemPrompt: 'fixed',
      switchModel: false,
      liveSettings: false,
      functions: false,
      interrupt: false,
      environmentNote: 'sent',
    },
    flattens: true,
  },
  { name: 'a process for each turn', env: { VIVAVOCE_POOL_MAX: '0' }, flattens: true },
]

/** At a limit or a refusal the CLI may just begin to ask the model to go on before it is stopped. */
const CARRY_ON = /Output token limit hit|stopped by a safety classifier/

interface Said {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}
const system = (content: string): Said => ({ role: 'system', content })
const user = (content: string): Said => ({ role: 'user', content })
const assistant = (content: string): Said => ({ role: 'assistant', content })

/** The CLI joins what a user says in a row to one message. */
const inRoles = (said: readonly Said[]): string =>
  said.reduce(
    (told, { role, content }, index) =>
      role === 'user' && said[index - 1]?.role === 'user'
        ? `${told} + ${content}`
        : `${told}${told === '' ? '' : ' | '}${role}: ${content}`,
    '',
  )

/** The first messages as one text, the others in their roles. */
const partlyAsOne = (said: readonly Said[]): readonly string[] =>
  said.map((_, from) => {
    const flat = said
      .slice(0, from + 1)
      .map(({ role, content }) => `${role === 'user' ? 'User' : 'Assistant'}: ${content}`)
    return inRoles([user(flat.join('\n')), ...said.slice(from + 1)])
  })

describe.each(installed(VARIANTS))('[WP9] $name', ({ bin, abilities, env = {}, flattens }) => {
  let stage: Stage
  let cache: string
  /** The request to the model that the last question led to. */
  let asked: RehearsedRequest | undefined
  beforeAll(async () => {
    cache = await mkdtemp(join(tmpdir(), 'cache-'))
    if (abilities !== undefined) {
      const cli = await locateCli({ wanted: bin, searchPath: process.env['PATH'] ?? '' })
      await openCapabilityCache(join(cache, 'vivavoce', 'capabilities.json'), systemClock).put(cli, {
        pooled: true,
        abilities,
      })
    }
    stage = await startStage({
      env: {
        VIVAVOCE_POOL_SPARES: '1',
        ...(bin === undefined ? {} : { VIVAVOCE_CLAUDE_BIN: bin }),
        ...(abilities === undefined ? {} : { XDG_CACHE_HOME: cache }),
        ...env,
      },
    })
  })
  afterAll(async () => {
    await stage.close()
    await rm(cache, { recursive: true, force: true })
  })

  /** Asks, and checks that the model was sent exactly this; resolves with the answer. */
  async function ask(messages: readonly Said[], extra: object = {}): Promise<string> {
    const before = stage.rehearsal.requests.length
    const response = await stage.fetch('/v1/chat/completions', { body: { stream: true, messages, ...extra } })
    const { text, finish, error } = await readStream(response)
    expect(error).toBeUndefined()
    expect(finish).toHaveLength(1)
    asked = stage.rehearsal.requests.slice(before).find(({ rawBody }) => !CARRY_ON.test(rawBody))
    expectSent(messages, asked)
    return text
  }

  function expectSent(messages: readonly Said[], request: RehearsedRequest | undefined): void {
    const said = messages.filter(({ role }) => role !== 'system')
    const told = stage.told(request?.body)
    if (flattens !== true) expect(told).toBe(inRoles(said))
    // What was asked before in the same process need not be told again.
    else expect([inRoles(said), ...partlyAsOne(said)]).toContain(told)
    const [first] = messages
    const blocks = toBlocks(request?.body.system ?? '')
    if (first?.role === 'system') expect(blocks.at(-1)?.text).toBe(first.content)
  }

  test('[WP1] a history that grows, is shortened, rewritten, summarised, asked again', async () => {
    const prompt = system('PROMPT one')
    const one = [prompt, user('say exactly: one two three')]
    const answer = await ask(one)
    expect(answer).toBe('one two three')
    const two = [...one, assistant(answer), user('say exactly: four')]
    await ask(two)
    // Asked again; with a shortened answer, as after an interruption; with none.
    await ask(two)
    await ask([...one, assistant('one'), user('say exactly: five')])
    await ask([prompt, user('say exactly: PARTED'), assistant('PARTED'), user('say exactly: six')])
    const long = [
      prompt,
      ...Array.from({ length: 8 }, (_, n) => [user(`question ${n} 🙂`), assistant(`отговор ${n}`)]).flat(),
    ]
    await ask([...long, user('say exactly: seven')])
    await ask([...long.slice(0, 5), user('rewritten'), ...long.slice(6), user('say exactly: eight')])
    await ask([prompt, user('Conversation summary: all was said'), ...long.slice(-2), user('say exactly: nine')])
  })

  test('[WP1] another system prompt, between conversations and in the middle of one', async () => {
    const messages = [user('say exactly: a'), assistant('a'), user('say exactly: b')]
    await ask([system('PROMPT two'), ...messages])
    await ask([system('PROMPT three "quoted"\nlines'), ...messages])
    await ask([system('PROMPT four'), user('say exactly: c')])
    expect(await ask([system('PROMPT two'), ...messages])).toBe('b')
  })

  test('[WP7] limits, effort and model of one turn do not reach the next', async () => {
    const turn = [system('PROMPT limits'), user('count to 30')]
    expect(await ask(turn, { max_tokens: 4 })).toBe('1 2 3 4')
    expect(asked?.body).toMatchObject({ max_tokens: 4 })
    expect(asked?.body?.['thinking'] ?? 'none').toBe('none')
    await ask(turn, { reasoning_effort: 'high' })
    expect(asked?.body?.max_tokens).toBeGreaterThan(1000)
    expect(asked?.body?.['thinking']).toMatchObject({ type: expect.stringMatching(/adaptive|enabled/) })
    const model = asked?.body.model
    await ask(turn, { model: 'haiku' })
    expect(asked?.body?.model).toContain('haiku')
    await ask(turn)
    expect(asked?.body?.model).toBe(model)
    expect(asked?.body?.max_tokens).toBeGreaterThan(1000)
    expect(asked?.body?.['thinking'] ?? 'none').toBe('none')
  })

  test('[WP5] [WP12] turns that are left, cut off or fail leave nothing but what was delivered', async () => {
    const prompt = system('PROMPT left')
    const question = user('count to 400 [rehearse slow=10]')
    const leaver = new AbortController()
    const before = stage.rehearsal.requests.length
    const response = await stage.fetch('/v1/chat/completions', {
      body: { stream: true, messages: [prompt, question] },
      signal: leaver.signal,
    })
    await response.body?.getReader().read()
    await until(() => stage.rehearsal.requests[before]?.firstPieceAtMs)
    leaver.abort()
    await until(() => stage.rehearsal.requests[before]?.state === 'closed-early')
    await ask([prompt, question, assistant('1 2'), user('say exactly: after')])

    const cut = [prompt, user('count to 30')]
    expect(await ask(cut, { stop: ' 7' })).toBe('1 2 3 4 5 6')
    await ask([...cut, assistant('1 2 3 4 5 6'), user('say exactly: on')])
    const failed = await stage.fetch('/v1/chat/completions', {
      body: { stream: true, messages: [...cut, assistant('1'), user('boom [rehearse status=400]')] },
    })
    expect(failed.status).toBe(503)
    await ask([...cut, assistant('1 2 3 4 5 6'), user('say exactly: still')])
    const declined = await readStream(
      await stage.fetch('/v1/chat/completions', {
        body: {
          stream: true,
          messages: [...cut, assistant('1'), user('say exactly: I would [rehearse stop=refusal]')],
        },
      }),
    )
    expect(declined.finish).toEqual(['content_filter'])
    await ask([...cut, assistant('1'), user('say exactly: end')])
  })
})
