/** What can be seen of processes that are kept, on the real CLI: who is served by which, what is sent, what a loss costs. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { locateCli } from '../../src/claude/index.ts'
import type { Observation } from '../../src/core/index.ts'
import { REHEARSAL_KEY, toBlocks } from '../../src/rehearsal/index.ts'
import { startStage, until, type Stage } from '../support/stage.ts'
import { readStream } from '../support/stream.ts'

type Aligned = Extract<Observation, { type: 'turn-aligned' }>

let stage: Stage
beforeAll(async () => {
  stage = await startStage({
    env: {
      VIVAVOCE_TENANTS: 'other=other-key',
      VIVAVOCE_POOL_MAX: '3',
      VIVAVOCE_POOL_SPARES: '1',
      VIVAVOCE_TOKEN_GAP_TIMEOUT_SECONDS: '2',
    },
  })
})
afterAll(() => stage.close())

const OTHER = { authorization: 'Bearer other-key' }

const post = (content: string, extra: object = {}, headers: Record<string, string> = {}) =>
  stage.fetch('/v1/chat/completions', {
    body: { stream: true, messages: [{ role: 'user', content }], ...extra },
    headers,
  })
const ask = async (content: string, extra: object = {}, headers: Record<string, string> = {}) =>
  await readStream(await post(content, extra, headers))

const aligned = (): readonly Aligned[] =>
  stage.observations.filter((seen): seen is Aligned => seen.type === 'turn-aligned')
/** How the last turn found its process. */
const lastHit = (): Aligned | undefined => aligned().at(-1)

const pool = async () => ((await (await stage.fetch('/health')).json()) as { pool: Record<string, number> }).pool
const atRest = () => until(async () => ((await pool())['idle'] ?? 0) >= 1 && (await pool())['busy'] === 0)

describe('processes that are kept', () => {
  test('[WP14] [WP1] a conversation stays with its process, and what is done for each turn is observed', async () => {
    const messages: { role: string; content: string }[] = [{ role: 'user', content: 'say exactly: one' }]
    await ask('', { messages })
    expect(lastHit()).toMatchObject({ kind: 'fresh', steps: ['set-system', 'ask'] })
    const pid = lastHit()?.pid
    messages.push({ role: 'assistant', content: ' one\n' }, { role: 'user', content: 'say exactly: two' })
    await ask('', { messages })
    expect(lastHit()).toMatchObject({ pid, kind: 'kept', steps: ['ask'] })
    await ask('', { messages: [...messages.slice(0, 2), { role: 'user', content: 'say exactly: three' }] })
    expect(lastHit()).toMatchObject({ pid, kind: 'rewound', steps: ['rewind', 'ask'] })
    await ask('', { messages: [{ role: 'user', content: 'A' }, { role: 'assistant', content: 'B' }, ...messages] })
    expect(lastHit()).toMatchObject({ kind: 'replayed', steps: expect.arrayContaining(['replay', 'ask']) })
    await ask('who?', { response_format: { type: 'json_object' } })
    expect(lastHit()).toMatchObject({ kind: 'fresh', steps: expect.arrayContaining(['offer', 'set', 'ask']) })
    await ask('who?', { model: 'recruiter-triage/sonnet' })
    expect(lastHit()).toMatchObject({ kind: 'cold' })
    expect(await pool()).toMatchObject({
      size: expect.any(Number),
      idle: expect.any(Number),
      starting: expect.any(Number),
    })
    expect(stage.observations.some(({ type }) => type === 'pool-changed')).toBe(true)
  })

  test('[WP11] a doer has a process of its own, which ends with its answer', async () => {
    const before = stage.ended().length
    const { finish } = await ask('who?', { model: 'recruiter-triage/sonnet' })
    expect(finish).toEqual(['stop'])
    expect(await until(() => stage.ended()[before])).toMatchObject({ cause: expect.stringMatching(/^(done|exited)$/) })
  })

  test('[WP3] [AU3] no process serves two tenants, whatever they ask', async () => {
    for (let round = 0; round < 4; round++) {
      await ask('the same question')
      await ask('the same question', {}, OTHER)
    }
    await Promise.all([ask('one'), ask('one', {}, OTHER), ask('two'), ask('two', {}, OTHER)])
    const conversation = (headers: Record<string, string>, message: string) =>
      stage.fetch('/v1/conversational', { body: { session_id: 'shared', message }, headers })
    await conversation({}, 'SECRET-OF-THE-FIRST')
    expect(await (await conversation(OTHER, 'recall')).json()).toMatchObject({ reply: 'I was told nothing before.' })
    const hits = aligned().slice(-14)
    expect(hits.length).toBe(14)
    const own = new Set(hits.filter((_, index) => index < 8 && index % 2 === 0).map(({ pid }) => pid))
    const others = new Set(hits.filter((_, index) => index < 8 && index % 2 === 1).map(({ pid }) => pid))
    expect([...own].filter((pid) => others.has(pid))).toEqual([])
    expect((await pool())['size']).toBeLessThanOrEqual(3)
  })

  test('[WP4] a process that is killed while it is idle is missed by nobody', async () => {
    await ask('before')
    await atRest()
    const pid = lastHit()?.pid ?? 0
    process.kill(pid, 'SIGKILL')
    const { text } = await ask('after')
    expect(text).toBe('This is a rehearsal. You said: after')
    expect(lastHit()?.pid).not.toBe(pid)
  })

  test('[WP4] one that is killed before its first word is replaced, one in mid-answer ends with an error', async () => {
    const before = stage.rehearsal.requests.length
    const silent = ask('hello [rehearse first=1500]')
    await until(() => stage.rehearsal.requests.length > before)
    process.kill(lastHit()?.pid ?? 0, 'SIGKILL')
    expect((await silent).text).toBe('This is a rehearsal. You said: hello')

    const started = stage.rehearsal.requests.length
    const speaking = post('count to 900 [rehearse slow=20]')
    await until(() => stage.rehearsal.requests[started]?.firstPieceAtMs)
    const pid = lastHit()?.pid ?? 0
    const reading = readStream(await speaking)
    process.kill(pid, 'SIGKILL')
    expect(await reading).toMatchObject({ done: false, finish: [], error: { code: 'cli_failed' } })
    expect((await ask('hello')).finish).toEqual(['stop'])
    expect(lastHit()?.pid).not.toBe(pid)
  })

  test('[WP13] [WP6] [R39] a connection that drops or falls silent in mid-answer ends the turn in time, and its process', async () => {
    for (const mishap of ['drop=5', 'stall=5']) {
      const startedMs = Date.now()
      const { text, error, done } = await ask(`count to 20 [rehearse ${mishap}]`)
      expect('1 2 3 4 5').toContain(text)
      expect({ done, code: error?.code }).toEqual({
        done: false,
        code: expect.stringMatching(mishap.startsWith('drop') ? /upstream_failed|timeout/ : /timeout/),
      })
      expect(Date.now() - startedMs).toBeLessThan(10_000)
      const { pid } = lastHit() ?? {}
      expect((await ask('hello')).text).toBe('This is a rehearsal. You said: hello')
      if (error?.code === 'timeout') {
        expect(lastHit()?.pid).not.toBe(pid)
        expect(stage.ended().find((ended) => ended.pid === pid)?.cause).toBe('deadline')
      }
    }
  })

  test('[WP12] the CLI’s own retry, and its failure, leave nothing behind', async () => {
    expect((await ask('hi [rehearse status=529 fail-times=1]')).text).toBe('This is a rehearsal. You said: hi')
    expect((await post('boom [rehearse status=529]')).status).toBe(503)
    await ask('after')
    expect(stage.told(stage.rehearsal.requests.at(-1)?.body)).toBe('user: after')
  })

  test('[WP8] [CL6] a request to the model carries next to nothing but what was said', async () => {
    const system = 'Be brief.'
    await ask('', {
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: 'hello' },
      ],
    })
    const lean = stage.rehearsal.requests.at(-1)
    expect(lean?.body.tools ?? []).toEqual([])
    expect(lean?.body['thinking']).toBeUndefined()
    expect(lean?.body['output_config']).toMatchObject({ effort: 'low' })
    expect(toBlocks(lean?.body.system ?? '').at(-1)?.text).toBe(system)

    const home = await mkdtemp(join(tmpdir(), 'default-'))
    try {
      const before = stage.rehearsal.requests.length
      const cli = await locateCli({ wanted: undefined, searchPath: process.env['PATH'] ?? '' })
      await promisify(execFile)(cli.path, ['-p', 'hello'], {
        cwd: home,
        env: {
          PATH: process.env['PATH'],
          HOME: home,
          ANTHROPIC_BASE_URL: stage.rehearsal.url,
          ANTHROPIC_API_KEY: REHEARSAL_KEY,
          CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        },
      })
      const usual = stage.rehearsal.requests.slice(before).map(({ rawBody }) => rawBody.length)
      expect(lean?.rawBody.length ?? Infinity).toBeLessThan(Math.max(...usual) / 20)
    } finally {
      await rm(home, { recursive: true, force: true, maxRetries: 3 })
    }
  })
})

test('[WP10] a pool of one serves everybody in turn, and one of none as before', async () => {
  await using own = await startStage({ env: { VIVAVOCE_POOL_MAX: '1', VIVAVOCE_TENANTS: 'other=other-key' } })
  const say = async (content: string, headers: Record<string, string> = {}): Promise<string> => {
    const body = { stream: true, messages: [{ role: 'user', content: `say exactly: ${content}` }] }
    return (await readStream(await own.fetch('/v1/chat/completions', { body, headers }))).text
  }
  const names = Array.from({ length: 6 }, (_, index) => `n${index}`)
  expect(await Promise.all(names.map((name, index) => say(name, index % 2 === 0 ? {} : OTHER)))).toEqual(names)
  const sizes = own.observations.flatMap((seen) => (seen.type === 'pool-changed' ? [seen.size] : []))
  expect(Math.max(...sizes)).toBe(1)
})
