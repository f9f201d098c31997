import { expect, test } from 'vitest'
import { MAX_REMEMBERED, Memory } from './memory.ts'
import type { Message } from './messages-request.ts'

const user = (text: string, extra: object = {}): Message => ({
  role: 'user',
  content: [{ type: 'text', text, ...extra }],
})
const assistant = (text: string): Message => ({ role: 'assistant', content: text })

const asked = (prompt: string, round = 0): { prompt: string; round: number } => ({ prompt, round })

test('a prompt is counted, whatever came before it', () => {
  const memory = new Memory()
  expect(memory.note([user('a')], asked('a')).timesAsked).toBe(0)
  expect(memory.note([user('b'), assistant('c'), user('a')], asked('a')).timesAsked).toBe(1)
  expect(memory.note([user('b')], asked('b')).timesAsked).toBe(0)
  expect(memory.note([user('a')], asked('a', 1))).toMatchObject({ timesAsked: 2, timesAskedInRound: 0 })
  memory.forget()
  expect(memory.note([user('a')], asked('a')).timesAsked).toBe(0)
})

test('a conversation is known by its beginning, cache marks and empty blocks aside', () => {
  const memory = new Memory()
  const opening = user('a', { cache_control: { type: 'ephemeral' } })
  expect(memory.note([opening], asked('a')).isBeginningSeen).toBe(false)
  expect(memory.note([opening], asked('a')).isBeginningSeen).toBe(false)
  expect(memory.note([{ role: 'user', content: 'a' }, assistant('b'), user('c')], asked('c')).isBeginningSeen).toBe(
    true,
  )
  expect(memory.note([user('x'), assistant('b'), user('c')], asked('c')).isBeginningSeen).toBe(false)
})

test('the oldest is forgotten when there is too much', () => {
  const memory = new Memory()
  for (let index = 0; index <= MAX_REMEMBERED; index += 1) memory.note([user(`${index}`)], asked(`${index}`))
  expect(memory.note([user('0')], asked('0')).timesAsked).toBe(0)
  expect(memory.note([user('2')], asked('2')).timesAsked).toBe(1)
})
