import { expect, test } from 'vitest'
import { openApp } from '../../test/support/open-app.ts'
import { says } from '../../test/support/scripted-engine.ts'

const messageAt = async (path: string, init: RequestInit = {}): Promise<readonly [number, string]> => {
  const { request } = openApp(() => says('a'))
  const reply = await request(path, init)
  const body = (await reply.json()) as {
    readonly error: { readonly message: string } | string
    readonly detail?: string
  }
  return [reply.status, typeof body.error === 'string' ? (body.detail ?? '') : body.error.message]
}

test.each([
  ['/chat/completions', '/v1/chat/completions'],
  ['/v1/v1/chat/completions', '/v1/chat/completions'],
  ['/v1/chat/completions/', '/v1/chat/completions'],
  ['/v1//chat/completions', '/v1/chat/completions'],
  ['/V1/Chat/Completions', '/v1/chat/completions'],
  ['/api/v1/chat/completions', '/v1/chat/completions'],
  ['/openai/v1/chat/completions', '/v1/chat/completions'],
  ['/v1/chat/completion', '/v1/chat/completions'],
  ['/v1/chat/compeltions', '/v1/chat/completions'],
  ['/models', '/v1/models'],
  ['/v1/v1/models', '/v1/models'],
  ['/v1/model', '/v1/models'],
  ['/models/haiku', '/v1/models/{id}'],
  ['/conversational', '/v1/conversational'],
  ['/v1/conversation', '/v1/conversational'],
  ['/v1/execute', '/execute'],
  ['/v1/jobs', '/jobs'],
  ['/v1/jobs/job_1/events', '/jobs/{id}/events'],
  ['/healthz', '/health'],
  ['/v1/health', '/health'],
])('[ER12] [ER13] the path %s is 404 that names it and the closest one, %s', async (path, closest) => {
  expect(await messageAt(path)).toEqual([404, `There is no path \`${path}\`. Did you mean \`${closest}\`?`])
  expect(await messageAt(path, { method: 'POST', body: '{}' })).toEqual([
    404,
    `There is no path \`${path}\`. Did you mean \`${closest}\`?`,
  ])
})

test.each(['/v1', '/v1/', '/v2/embeddings', '/favicon.ico', '/wp-login.php', '/x', '/v1/v1'])(
  '[ER12] the path %s is 404 that names it alone',
  async (path) => {
    expect(await messageAt(path)).toEqual([404, `There is no path \`${path}\`.`])
  },
)

test.each([
  ['a line break and a bell', '/a%0d%0ab%07', '/a??b?'],
  ['Cyrillic', '/чат', '/???'],
  ['a backtick', '/a`b', '/a?b'],
  ['a query with a key', '/chat?key=SECRET', '/chat'],
  ['great length', `/${'y'.repeat(5000)}`, `/${'y'.repeat(99)}…`],
])('[ER12] a path with %s is named safely', async (_, path, shown) => {
  const [status, message] = await messageAt(path)
  expect([status, message.split('`.')[0]]).toEqual([404, `There is no path \`${shown}`])
  expect(message).toMatch(/^[\x20-\x7e…]+$/)
  expect(message).not.toContain('SECRET')
})

test('[AU1] [ER12] a caller without a key is told nothing of paths', async () => {
  const { app } = openApp(() => says('a'))
  for (const path of ['/chat/completions', '/v1/v1/models', '/nowhere']) {
    const reply = await app.request(path)
    expect(reply.status).toBe(401)
    expect(await reply.text()).not.toContain('path')
  }
})
