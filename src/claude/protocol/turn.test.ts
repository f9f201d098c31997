import { expect, test } from 'vitest'
import { assistant, calling, resulting, user, withPicture } from '../../../test/support/histories.ts'
import { blocksOf, hasCalls, hasResults, isSameTurn, type Turn } from './turn.ts'

test('a message that is only text is one block of it', () => {
  expect(blocksOf(user('a'))).toEqual([{ type: 'text', text: 'a' }])
  expect(blocksOf(withPicture('a')).map(({ type }) => type)).toEqual(['text', 'picture'])
})

test('a message is known by the calls or the results in it', () => {
  const turns = [user('a'), assistant('a'), withPicture('a'), calling('a', ['c', 'f']), resulting(['c', 'r'])]
  expect(turns.map(hasCalls)).toEqual([false, false, false, true, false])
  expect(turns.map(hasResults)).toEqual([false, false, false, false, true])
})

test.each<readonly [string, boolean, Turn, Turn]>([
  ['blank space around an answer', true, assistant(' a\n'), assistant('a')],
  ['blank space around a question', false, user('a '), user('a')],
  ['the role', false, user('a'), assistant('a')],
  ['blank space around what is said before a call', true, calling(' a\n', ['c', 'f']), calling('a', ['c', 'f'])],
  ['what is said before a call', false, calling('a', ['c', 'f']), calling('b', ['c', 'f'])],
  ['a call', false, calling('a', ['c', 'f']), assistant('a')],
  ['another call', false, calling('', ['c', 'f'], ['d', 'g']), calling('', ['c', 'f'])],
  ['the order of calls', false, calling('', ['c', 'f'], ['d', 'g']), calling('', ['d', 'g'], ['c', 'f'])],
  ['the id of a call', false, calling('', ['c', 'f']), calling('', ['d', 'f'])],
  ['the name of a call', false, calling('', ['c', 'f']), calling('', ['c', 'g'])],
  [
    'the order of arguments',
    true,
    calling('', ['c', 'f', { a: 1, b: { c: 2, d: 3 } }]),
    calling('', ['c', 'f', { b: { d: 3, c: 2 }, a: 1 }]),
  ],
  ['an argument', false, calling('', ['c', 'f', { a: 1 }]), calling('', ['c', 'f', { a: '1' }])],
  ['an argument that is there', false, calling('', ['c', 'f', { a: null }]), calling('', ['c', 'f'])],
  [
    'the order in a list of arguments',
    false,
    calling('', ['c', 'f', { a: [1, 2] }]),
    calling('', ['c', 'f', { a: [2, 1] }]),
  ],
  ['a result', false, resulting(['c', 'r']), resulting(['c', 's'])],
  ['blank space around a result', false, resulting(['c', 'r']), resulting(['c', 'r\n'])],
  ['a picture', false, withPicture('a', 'AAAA'), withPicture('a', 'BBBB')],
  ['a picture that is there', false, withPicture('a'), user('a')],
  ['nothing', true, withPicture('a'), withPicture('a')],
])('[WP2] [FN4] two messages that differ in %s are one to the model: %j', (_, isSame, one, other) => {
  expect(isSameTurn(one, other)).toBe(isSame)
  expect(isSameTurn(other, one)).toBe(isSame)
  // A uuid is not part of what is said.
  expect(isSameTurn({ ...one, uuid: 'u' } as Turn, other)).toBe(isSame)
})
