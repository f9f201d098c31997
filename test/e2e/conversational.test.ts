import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startStage, type Stage } from '../support/stage.ts'

interface Kept {
  readonly messages: readonly { readonly role: string; readonly content: string; readonly interrupted?: boolean }[]
}

let stage: Stage
beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage.close())

const say = (session_id: unknown, message: unknown, on: Stage = stage) =>
  on.fetch('/v1/conversational', { body: { session_id, message } })
const reply = async (session: string, message: string, on: Stage = stage): Promise<string> => {
  const response = await say(session, message, on)
  const body = (await response.json()) as { session_id: string; reply: string }
  expect([response.status, body.session_id]).toEqual([200, session])
  return body.reply
}

const look = async (session: string, on: Stage = stage): Promise<Kept> =>
  (await (await on.fetch(`/v1/conversational/${encodeURIComponent(session)}`)).json()) as Kept

/** Every file below a directory that holds the text. */
async function filesWith(text: string, directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const holding = await Promise.all(
    files.map(async (file) => ((await readFile(file, 'utf8')).includes(text) ? [file] : [])),
  )
  return holding.flat()
}

describe('a conversation on the real CLI', () => {
  test('[CV1] is remembered from turn to turn, with real roles', async () => {
    expect(await reply('s1', 'my name is Ада')).toBe('Това е репетиция. Казахте: my name is Ада')
    expect(await reply('s1', 'and I am 30')).toContain('and I am 30')
    expect(await reply('s1', 'recall')).toBe('my name is Ада | and I am 30')
    const { body } = stage.rehearsal.requests.at(-1) ?? {}
    expect(body?.messages.map(({ role }) => role).filter((role) => role !== 'system')).toEqual([
      'user',
      'assistant',
      'user',
      'assistant',
      'user',
    ])
    expect(body?.tools ?? []).toEqual([])
  })

  test.each([
    'a',
    '../../etc/passwd',
    'spaces and / slashes ? # %',
    'кирилица 🙂',
    'x'.repeat(256),
    '🙂'.repeat(256),
    '-p',
  ])('[CV2] any text is a session id: %s', async (id) => {
    await reply(id, 'hello there')
    expect(await reply(id, 'recall')).toBe('hello there')
  })

  test('[CV3] two turns at once run one after the other, of two conversations side by side', async () => {
    const before = stage.rehearsal.requests.length
    const [first, second, other] = await Promise.all([
      reply('s3', 'count to 20 [rehearse slow=40]'),
      reply('s3', 'recall'),
      reply('s3-other', 'recall'),
    ])
    expect(first).toMatch(/^1 2 .* 20$/)
    expect(second).toBe('count to 20')
    expect(other).toBe('I was told nothing before.')
    expect(stage.rehearsal.requests.length - before).toBe(3)
  })

  test('[CV4] a first turn that failed can be tried again, and leaves no trace', async () => {
    const failed = await say('s4', 'hello [rehearse status=500]')
    expect(failed.status).toBe(503)
    expect(await failed.json()).toMatchObject({ error: 'execution failed', detail: expect.any(String) })
    expect(await reply('s4', 'one')).toContain('one')
    const failedLater = await say('s4', 'boom [rehearse drop=3]')
    expect(failedLater.status).toBe(503)
    expect(await reply('s4', 'recall')).toBe('one')
    const texts = JSON.stringify(stage.rehearsal.requests.at(-1)?.body.messages)
    expect(texts).not.toContain('boom')
    expect(texts).not.toContain('status=500')
  })

  test('[CV1] [CV4] a turn that the model declines in mid-answer is kept as far as it was answered; one without a word is not', async () => {
    expect(await reply('s5', 'remember blue')).toContain('blue')
    expect(await reply('s5', 'say exactly: I would [rehearse stop=refusal]')).toBe('I would')
    expect(await reply('s5', 'recall')).toBe('remember blue | say exactly: I would')
    const silent = await say('s5', 'boom [rehearse stop=refusal empty=1]')
    expect([silent.status, await silent.json()]).toEqual([
      503,
      expect.objectContaining({ error: 'execution failed', code: 'no_answer' }),
    ])
    expect(await reply('s5', 'recall')).not.toContain('boom')
  })

  test('[CV6] a conversation that is deleted is forgotten, and the CLI has kept nothing of it', async () => {
    await reply('to/forget', 'SECRET-MARKER-91')
    const ofCli = ['claude', join('data', 'tmp')].map((name) => join(stage.directory, name))
    const left = async () => (await Promise.all(ofCli.map((each) => filesWith('SECRET-MARKER-91', each)))).flat()
    expect(await left()).toEqual([])
    const path = `/v1/conversational/${encodeURIComponent('to/forget')}`
    expect((await look('to/forget')).messages[0]).toMatchObject({ role: 'user', content: 'SECRET-MARKER-91' })
    expect(await (await stage.fetch(path, { method: 'DELETE' })).json()).toEqual({
      session_id: 'to/forget',
      deleted: true,
    })
    expect(await left()).toEqual([])
    for (const method of ['GET', 'DELETE']) expect((await stage.fetch(path, { method })).status).toBe(404)
    expect(await reply('to/forget', 'recall')).toBe('I was told nothing before.')
  })

  test('[CV9] [CV10] is there to be looked at, with what it cost, and listed', async () => {
    await reply('looked-at', 'Здравей 🙂')
    expect(await look('looked-at')).toMatchObject({
      session_id: 'looked-at',
      agent: 'conversational',
      messages: [
        { role: 'user', content: 'Здравей 🙂' },
        {
          role: 'assistant',
          content: 'Това е репетиция. Казахте: Здравей 🙂',
          interrupted: false,
          usage: { output_tokens: expect.any(Number) },
          cost_usd: expect.any(Number),
        },
      ],
    })
    const list = (await (await stage.fetch('/v1/conversational?limit=1')).json()) as {
      readonly conversations: readonly object[]
    }
    expect(list).toMatchObject({
      conversations: [{ session_id: 'looked-at', turns: 1 }],
    })
  })

  test('[CV13] a reply is streamed, and its turn is there when it ends', async () => {
    const response = await stage.fetch('/v1/conversational', {
      body: { session_id: 'streamed', message: 'count to 20', stream: true },
    })
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const data = (await response.text()).split('\n\n').flatMap((frame) => /^data: (.*)$/s.exec(frame)?.[1] ?? [])
    expect(data.at(-1)).toBe('[DONE]')
    const frames = data.slice(0, -1).map((json) => JSON.parse(json) as { delta?: string; reply?: string })
    const whole = frames.map(({ delta }) => delta ?? '').join('')
    expect(whole).toMatch(/^1 2 .* 20$/)
    expect(frames.at(-1)).toEqual({ session_id: 'streamed', reply: whole })
    expect((await look('streamed')).messages[1]).toMatchObject({ content: whole, interrupted: false })
  })

  test('[CV14] an answer that is cut short is kept and told as far as it was delivered', async () => {
    const leaving = new AbortController()
    const response = await stage.fetch('/v1/conversational', {
      body: { session_id: 'cut', message: 'count to 900 [rehearse slow=50]', stream: true },
      signal: leaving.signal,
    })
    const reader = (response.body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream()).getReader()
    let heard = ''
    while (!heard.includes('"delta"')) heard += (await reader.read()).value ?? ''
    leaving.abort()
    // The next turn waits until that is stored.
    await reply('cut', 'recall')
    const { messages } = await look('cut')
    expect(messages[1]).toMatchObject({ role: 'assistant', interrupted: true, content: expect.stringMatching(/^1/) })
    const delivered = messages[1]?.content ?? ''
    expect(delivered).not.toContain('900')
    const toldText = stage.told(stage.rehearsal.requests.at(-1)?.body)
    expect(toldText).toContain(`assistant: ${delivered.trimEnd()} | user: recall`)
  })

  test('[CA5] [CV4] [CV14] a server that stops in mid-answer tells its caller and keeps nothing of it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'vivavoce-test-'))
    const first = await startStage({ directory })
    await reply('stopped', 'remember blue', first)
    const response = await first.fetch('/v1/conversational', {
      body: { session_id: 'stopped', message: 'count to 900 [rehearse slow=50]', stream: true },
    })
    const reading = response.text()
    await first.until(() => first.rehearsal.requests.length === 2)
    await first.close()
    const heard = await reading
    expect(heard).toContain('"code":"shutting_down"')
    expect(heard).not.toContain('[DONE]')
    await using second = await startStage({ directory })
    expect(await reply('stopped', 'recall', second)).toBe('remember blue')
    await second.close()
    await rm(directory, { recursive: true, force: true })
  })

  test('[CV8] an agent with tools is refused, a model that does not exist too', async () => {
    const withModel = (model: string) =>
      stage.fetch('/v1/conversational', { body: { session_id: 'm', message: 'hi', model } })
    expect((await withModel('recruiter-triage/haiku')).status).toBe(400)
    const unknown = await withModel('nope')
    expect([unknown.status, await unknown.json()]).toEqual([
      404,
      expect.objectContaining({
        error: 'not found',
        detail: expect.stringContaining('The model `nope` does not exist'),
      }),
    ])
    expect((await withModel('haiku')).status).toBe(200)
  })
})

describe('a conversation and a restart', () => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vivavoce-test-'))
  })
  afterAll(() => rm(directory, { recursive: true, force: true }))

  test('[CV5] goes on after a restart, and without anything that the CLI keeps', async () => {
    const first = await startStage({ directory })
    await reply('kept', 'remember green', first)
    await first.close()

    const second = await startStage({ directory })
    expect(await reply('kept', 'recall', second)).toBe('remember green')
    await second.close()

    await rm(join(directory, 'claude'), { recursive: true })
    await using third = await startStage({ directory })
    expect(await reply('kept', 'recall', third)).toContain('remember green')
    expect(await reply('kept', 'recall', third)).toContain('remember green')
  })
})
