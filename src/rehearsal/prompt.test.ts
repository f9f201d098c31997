import { describe, expect, test } from 'vitest'
import type { ContentBlock, Message } from './messages-request.ts'
import { readAsked, splitFlattened, withoutReminders } from './prompt.ts'

const user = (...content: readonly (string | ContentBlock)[]): Message => ({
  role: 'user',
  content: content.map((part) => (typeof part === 'string' ? { type: 'text', text: part } : part)),
})
const assistant = (content: Message['content']): Message => ({ role: 'assistant', content })
const system = (text: string): Message => ({ role: 'system', content: text })
const toolUse = (id: string): Message => assistant([{ type: 'tool_use', id, name: 'Read', input: {} }])
const toolResult = (id: string, content: unknown): ContentBlock => ({ type: 'tool_result', tool_use_id: id, content })

describe('what is asked', () => {
  test('is the last text of the user, whatever the CLI adds around it; what was said before in a row is earlier', () => {
    const asked = readAsked([
      user('<system-reminder>today is Monday</system-reminder>\n', 'first'),
      system('# Environment'),
      assistant('answer'),
      user('second', '', 'line\n<system-reminder>be kind</system-reminder>'),
      system('effort'),
    ])
    expect(asked).toMatchObject({ prompt: 'line\n', earlier: ['first', 'second'], round: 0, toolResults: [] })
  })

  test('is empty for an image alone, and for no user message at all', () => {
    expect(readAsked([user('before'), user({ type: 'image' })])).toMatchObject({ prompt: '', earlier: ['before'] })
    expect(readAsked([assistant('hm')])).toMatchObject({ prompt: '', earlier: [], round: 0 })
  })

  test('stays the prompt while tools answer, and each call counts a round', () => {
    const asked = readAsked([
      user('old'),
      assistant('yes'),
      user('look'),
      toolUse('a'),
      user(toolResult('a', [{ type: 'text', text: 'one' }, { type: 'image' }])),
      toolUse('b'),
      user(toolResult('b', 'two<system-reminder>x</system-reminder>')),
      user(toolResult('c', undefined), '<system-reminder>go on</system-reminder>'),
    ])
    expect(asked).toMatchObject({ prompt: 'look', earlier: ['old'], round: 2, toolResults: ['two', ''] })
    expect(asked.since).toHaveLength(5)
  })

  test('is the text that a person adds to tool results', () => {
    const asked = readAsked([user('look'), toolUse('a'), user(toolResult('a', 'one'), 'and now?')])
    expect(asked).toMatchObject({ prompt: 'and now?', earlier: ['look'], round: 0, toolResults: [] })
  })

  test('is carried on over the notes of the CLI, which count as sent once something else is asked', () => {
    const note = 'Output token limit hit. Resume directly'
    const empty = '[Your previous response had no visible output. Please continue]'
    expect(readAsked([user('long story'), assistant('once'), user(note)])).toMatchObject({ prompt: 'long story' })
    expect(readAsked([user('say', empty)])).toMatchObject({ prompt: 'say', earlier: [] })
    expect(readAsked([user('a'), assistant('b'), user(note), assistant('c'), user('d')]).earlier).toEqual(['a', note])
  })
})

test('a flattened conversation is taken apart at its line-start names', () => {
  const flat =
    'Conversation:\n\nUser: one\nstill one\n\nAssistant: reply\nUser: not me\n\nUser: the question\nmore\n\nAssistant:'
  expect(splitFlattened(flat)).toEqual({
    prompt: 'the question\nmore',
    earlier: ['one\nstill one', 'not me'],
  })
  expect(splitFlattened('I am a User: really')).toEqual({ prompt: 'I am a User: really', earlier: [] })
  expect(readAsked([user('User: a\n\nAssistant: b\n\nUser: c'), assistant('d'), user('e')]).earlier).toEqual(['a', 'c'])
})

test('a reminder that is never closed is text', () => {
  expect(withoutReminders('a<system-reminder>b')).toBe('a<system-reminder>b')
  expect(withoutReminders('<system-reminder>b</system-reminder>\n\na<system-reminder></system-reminder>c')).toBe('\nac')
})
