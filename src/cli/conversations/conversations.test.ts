import { afterEach, beforeEach, expect, test } from 'vitest'
import { refuse, reply, startFakeGateway, type FakeGateway, type Step } from '../../../test/support/fake-gateway.ts'
import { createFakeWorld } from '../../../test/support/fake-world.ts'
import { runCommand } from '../../../test/support/run-command.ts'
import { runBare } from '../../../test/support/run-in-world.ts'
import { show } from './show.ts'

let gateway: FakeGateway
beforeEach(async () => {
  gateway = await startFakeGateway()
})
afterEach(() => gateway[Symbol.asyncDispose]())

const run = (...args: readonly string[]) =>
  runCommand(['conversations', ...args], { env: { VIVAVOCE_URL: gateway.url } })

const AT = '2026-01-01T00:00:00.000Z'
const summary = (id: string, fields: object = {}) => ({
  session_id: id,
  created_at: AT,
  updated_at: AT,
  turns: 3,
  agent: 'conversational',
  model: 'sonnet',
  ...fields,
})
const conversation = {
  session_id: 'кухня',
  created_at: AT,
  updated_at: AT,
  agent: 'conversational',
  model: 'haiku',
  messages: [
    { role: 'user', content: 'Здравей!\n', at: AT },
    {
      role: 'assistant',
      content: 'Здравей и на \u001b[31mтеб',
      at: AT,
      interrupted: true,
      agent: 'conversational',
      model: 'haiku',
      usage: null,
      cost_usd: null,
    },
    { role: 'user', content: '', at: AT },
    { role: 'assistant', content: 'Да 🙂', at: AT, interrupted: false, agent: 'a', model: 'sonnet' },
  ],
}
const SHOWN = [
  '── user  2026-01-01T00:00:00Z',
  'Здравей!',
  '── assistant  2026-01-01T00:00:00Z  conversational/haiku  interrupted',
  'Здравей и на \u001b[31mтеб',
  '── user  2026-01-01T00:00:00Z',
  '',
  '── assistant  2026-01-01T00:00:00Z  a/sonnet',
  'Да 🙂\n',
].join('\n')
const ROUTE = 'GET /v1/conversational'

/** Forgets whatever it is asked to. */
const forgets: Step = (response, asked) =>
  reply({ session_id: new URLSearchParams(asked.path.split('?')[1]).get('session_id'), deleted: true })(response, asked)

test('[CM8] conversations are a table, the newest turn first, over as many pages as it takes', async () => {
  gateway.on(
    ROUTE,
    reply({ conversations: [summary('кухня 🙂', { turns: 12_345 })], next: 'c1' }),
    reply({ conversations: [summary('a\nb/..\u001b')], next: null }),
  )
  expect(await run('list', '--all')).toEqual({
    code: 0,
    out: [
      'UPDATED               TURNS  MODEL                  CONVERSATION',
      '2026-01-01T00:00:00Z  12345  conversational/sonnet  кухня 🙂',
      '2026-01-01T00:00:00Z  3      conversational/sonnet  a b/..␛\n',
    ].join('\n'),
    err: '',
  })
  expect(gateway.asked.map(({ path }) => path)).toEqual([
    '/v1/conversational?limit=200',
    '/v1/conversational?limit=200&after=c1',
  ])
})

test('[CM8] [CM12] the list as JSON, and an empty one', async () => {
  gateway.on(ROUTE, reply({ conversations: [summary('a\u009b')], next: 'more' }))
  const { code, out, err } = await run('list', '--limit', '1', '--json')
  expect([code, JSON.parse(out), err]).toEqual([0, [summary('a\u009b')], ''])
  gateway.on(ROUTE, reply({ conversations: [], next: null }))
  expect(await run('list')).toEqual({ code: 0, out: '', err: 'no conversations\n' })
})

test('[CM11] a conversation is shown word for word, interrupted answers marked', async () => {
  gateway.on(ROUTE, reply(conversation))
  expect(await run('show', 'кухня')).toEqual({ code: 0, out: SHOWN, err: '' })
  const { code, out, err } = await run('show', '--json', 'кухня')
  expect([code, JSON.parse(out), err]).toEqual([0, conversation, ''])
})

test('[CM11] [CM15] on a terminal nothing of it is obeyed', async () => {
  gateway.on(ROUTE, reply(conversation))
  const world = createFakeWorld({ url: gateway.url, stdoutIsTTY: true })
  expect(await runBare(show, ['x'], world)).toBe(0)
  expect(world.out()).toBe(SHOWN.replace('\u001b', '␛'))
})

test.each(['.', '..', 'a/../b', '-x', '--json', '%2e', 'кухня 🙂', '?a=b&c#d', ' ', 'a+b', 'x\ny'])(
  '[CM11] a conversation may have any name: %j',
  async (id) => {
    gateway.on(ROUTE, reply({ ...conversation, session_id: id }))
    gateway.on('DELETE /v1/conversational', forgets)
    expect(await run('show', '--', id)).toMatchObject({ code: 0, out: SHOWN })
    expect(await run('forget', '--', id)).toEqual({ code: 0, out: `${id.replace('\n', ' ')}: forgotten\n`, err: '' })
    const names = gateway.asked.map(({ path }) => new URL(path, 'http://x').searchParams.get('session_id'))
    expect(names).toEqual([id, id])
  },
)

test('[CM10] each is forgotten; one that is not there keeps none of the others from it', async () => {
  gateway.on('DELETE /v1/conversational', refuse(404, 'not_found', 'There is no such conversation.'), forgets)
  expect(await run('forget', 'a', 'b')).toEqual({
    code: 1,
    out: 'b: forgotten\n',
    err: 'vivavoce: a: There is no such conversation.\n',
  })
  gateway.on('DELETE /v1/conversational', refuse(404, 'not_found', 'There is no such conversation.'), forgets)
  const { code, out, err } = await run('forget', '--json', 'a', 'b')
  expect([code, JSON.parse(out)]).toEqual([1, [{ session_id: 'b', deleted: true }]])
  expect(JSON.parse(err)).toMatchObject({ error: { code: 'not_found', session_id: 'a' } })
})

test.each([
  ['show'],
  ['show', ''],
  ['show', 'a', 'b'],
  ['forget'],
  ['forget', 'a', ''],
  ['list', 'x'],
  ['nonsense'],
  [],
])('[CM5] a wrong command line is told, with the usage: %s %s %s', async (...args) => {
  const { code, err } = await run(...args.filter((word) => word !== undefined))
  expect(code).toBe(2)
  expect(err).toContain('usage: vivavoce conversations')
  expect(gateway.asked).toEqual([])
})
