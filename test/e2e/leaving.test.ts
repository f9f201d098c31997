import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { delay, startStage, until, type Stage } from '../support/stage.ts'
import { readStream } from '../support/stream.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage({ env: { VIVAVOCE_HEADER_HOLD_MS: '200' } })
})
afterAll(() => stage.close())

const health = async () => (await (await stage.fetch('/health')).json()) as { active: number; queued: number }

const start = (body: object) => {
  const leaver = new AbortController()
  const before = {
    requests: stage.rehearsal.requests.length,
    ended: stage.ended().length,
    seen: stage.observations.length,
  }
  const response = stage.fetch('/v1/chat/completions', { body, signal: leaver.signal })
  response.catch(() => undefined)
  return { leaver, response, before }
}

const say = (content: string, extra: object = {}) => ({ stream: true, messages: [{ role: 'user', content }], ...extra })

/** Milliseconds from the client's leaving to the close of its request to the model API. */
async function leave({ leaver, before }: ReturnType<typeof start>): Promise<number> {
  const atMs = Date.now()
  leaver.abort()
  const request = await until(() =>
    stage.rehearsal.requests.slice(before.requests).find(({ state }) => state === 'closed-early'),
  )
  await until(async () => (await health()).active === 0)
  return (request.closedAtMs ?? Number.NaN) - atMs
}

const interrupts = () =>
  stage.observations.flatMap((seen) => (seen.type === 'turn-interrupted' ? [seen.recovered] : []))

describe('a client that goes away', () => {
  test('[CA1] [CA2] [CA3] [WP5] in mid-answer has its turn interrupted and its place freed, and its process goes on', async () => {
    const closes: number[] = []
    for (let round = 0; round < 5; round++) {
      const turn = start(say('count to 500 [rehearse slow=20]'))
      await (await turn.response).body?.getReader().read()
      await until(
        () =>
          stage.rehearsal.requests.at(-1)?.firstPieceAtMs !== undefined &&
          stage.rehearsal.requests.length > turn.before.requests,
      )
      closes.push(Math.round(await leave(turn)))
    }
    process.stdout.write(`client close to close of the request to the model, ms: ${closes.join(' ')}\n`)
    expect(closes.toSorted((a, b) => a - b)[2]).toBeLessThan(100)
    await until(() => interrupts().length >= 5)
    expect(interrupts()).toEqual(interrupts().map(() => true))
    expect(stage.ended()).toEqual([])
    expect(stage.observations.filter(({ type }) => type === 'request-failed')).toEqual([])
  })

  test('[WP5] [WP1] in mid-answer leaves the answer as far as it was heard, and the next request goes on from there', async () => {
    const leaver = new AbortController()
    const response = await stage.fetch('/v1/chat/completions', {
      body: say('count to 500 [rehearse slow=20]'),
      signal: leaver.signal,
    })
    let heard = ''
    for await (const bytes of response.body ?? []) {
      for (const [, piece = ''] of new TextDecoder().decode(bytes).matchAll(/"content":"([^"]*)"/g)) heard += piece
      if (heard.includes('5')) break
    }
    leaver.abort()
    const shortened = heard.slice(0, 3)
    const next = await readStream(
      await stage.fetch('/v1/chat/completions', {
        body: {
          stream: true,
          messages: [
            { role: 'user', content: 'count to 500 [rehearse slow=20]' },
            { role: 'assistant', content: shortened },
            { role: 'user', content: 'recall' },
          ],
        },
      }),
    )
    expect(next.finish).toEqual(['stop'])
    expect(stage.told(stage.rehearsal.requests.at(-1)?.body)).toBe(
      `user: count to 500 [rehearse slow=20] | assistant: ${shortened} | user: recall`,
    )
  })

  test('[CA1] before the first token, with the headers out', async () => {
    const turn = start(say('hello [rehearse first=20000]'))
    expect((await turn.response).status).toBe(200)
    await until(() => stage.rehearsal.requests.length > turn.before.requests)
    await leave(turn)
  })

  test('[CA1] before the headers', async () => {
    const turn = start(say('hello [rehearse hang=1]'))
    await until(() => stage.rehearsal.requests.length > turn.before.requests)
    await leave(turn)
  })

  test('[CA1] [CA2] [DO4] from a run of a doer, whose workspace goes with it', async () => {
    const workspaces = join(stage.directory, 'data', 'workspaces')
    const turn = start({
      model: 'recruiter-triage/sonnet',
      messages: [{ role: 'user', content: 'count to 500 [rehearse slow=20]' }],
    })
    await until(() => stage.rehearsal.requests.length > turn.before.requests)
    expect((await readdir(workspaces)).filter((name) => name.startsWith('run-'))).toHaveLength(1)
    const atMs = Date.now()
    turn.leaver.abort()
    const ended = await until(() => stage.ended()[turn.before.ended])
    process.stdout.write(`client close to exit of the CLI, doer, ms: ${Date.now() - atMs}\n`)
    expect(ended.cause).toBe('cancelled')
    await until(async () => !(await readdir(workspaces)).some((name) => name.startsWith('run-')))
  })

  test('[CA1] as soon as its request is sent', async () => {
    for (const afterMs of [0, 5, 50, 150, 300]) {
      const turn = start(say('count to 500 [rehearse slow=20]'))
      await delay(afterMs)
      turn.leaver.abort()
    }
    await until(async () => (await health()).active === 0)
    const { text } = await readStream(await stage.fetch('/v1/chat/completions', { body: say('hello') }))
    expect(text).toBe('This is a rehearsal. You said: hello')
  })

  test('[CA1] [CV4] from a conversation, which then has no trace of the turn', async () => {
    const leaver = new AbortController()
    const body = (message: string) => ({ session_id: 'leaver', message })
    await stage.fetch('/v1/conversational', { body: body('remember blue') })
    const before = stage.rehearsal.requests.length
    const left = stage.fetch('/v1/conversational', {
      body: body('count to 500 [rehearse slow=20]'),
      signal: leaver.signal,
    })
    left.catch(() => undefined)
    await until(() => stage.rehearsal.requests.length > before)
    leaver.abort()
    await expect(left).rejects.toThrow()
    const reply = await stage.fetch('/v1/conversational', { body: body('recall') })
    expect(await reply.json()).toEqual({ session_id: 'leaver', reply: 'remember blue' })
  })

  test('[CC15] a newer request of a conversation ends the older one', async () => {
    // Its headers have left, so what ends it is told in its stream.
    const older = await stage.fetch('/v1/chat/completions', {
      body: say('count to 500 [rehearse slow=20]', { metadata: { conversation: 'c1' } }),
    })
    const newer = stage.fetch('/v1/chat/completions', { body: say('hello'), headers: { 'x-conversation-id': 'c1' } })
    expect((await readStream(older)).error).toMatchObject({ code: 'superseded' })
    expect((await readStream(await newer)).text).toBe('This is a rehearsal. You said: hello')
  })
})

test('[CA5] [LG2] a server that stops ends its runs, tells their callers and leaves nothing', async () => {
  const own = await startStage()
  const streamed = await own.fetch('/v1/chat/completions', { body: say('count to 500 [rehearse slow=20]') })
  const job = await own.fetch('/execute', {
    body: { prompt: 'count to 500 [rehearse slow=20]', agent: 'recruiter-triage' },
  })
  expect(job.status).toBe(202)
  await until(() => own.rehearsal.requests.length === 2)
  const reading = readStream(streamed)
  await own.close()
  expect((await reading).error).toMatchObject({ code: 'shutting_down' })
  expect(existsSync(own.directory)).toBe(false)
})
