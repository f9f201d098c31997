import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startStage, type Stage } from '../support/stage.ts'

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

  test('[CV6] a conversation that is deleted is forgotten, on disk too', async () => {
    await reply('to/forget', 'SECRET-MARKER-91')
    expect((await filesWith('SECRET-MARKER-91', stage.directory)).length).toBeGreaterThan(0)
    const path = `/v1/conversational/${encodeURIComponent('to/forget')}`
    expect(await (await stage.fetch(path, { method: 'DELETE' })).json()).toEqual({
      session_id: 'to/forget',
      deleted: true,
    })
    expect(await filesWith('SECRET-MARKER-91', stage.directory)).toEqual([])
    expect((await stage.fetch(path, { method: 'DELETE' })).status).toBe(404)
    expect(await reply('to/forget', 'recall')).toBe('I was told nothing before.')
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
