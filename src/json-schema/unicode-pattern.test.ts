import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unicodePattern } from './unicode-pattern.ts'

test.each([
  ['^\\p{L}+$', '^\\p{L}+$'],
  ['^[\\w\\-]+$', '^[\\w\\-]+$'],
  ['\\@\\-', '@-'],
  ['[\\w-.][.-\\d]', '[\\w\\-.][.\\-\\d]'],
  ['{a}]', '\\{a\\}\\]'],
  ['a{2,3}\\_{', 'a{2,3}_\\{'],
  ['[\\_\\]{]}', '[_\\]{]\\}'],
  ['\\p{L}\\u{1f600}\\_', '\\p{L}\\u{1f600}_'],
])('[CC11] the pattern %s is written %s', (source, strict) => {
  expect(unicodePattern(source)).toBe(strict)
})

test.each(['(', '[', '*', '\\', '(?P<a>b)', '(?<=a', 'a{2,1}', '\\Aa', 'a\\Z', 'a{,3}', '[[:alpha:]]'])(
  '[CC11] %s is no pattern of JavaScript',
  (source) => {
    expect(unicodePattern(source)).toBeUndefined()
  },
)

test('[CC11] a pattern matches the same in both forms', () => {
  const token = fc.constantFrom(
    'a',
    '1',
    '-',
    ']',
    '{',
    '}',
    '[^',
    '[',
    '\\-',
    '\\_',
    '\\w',
    '\\d',
    '.',
    '+',
    '^',
    '$',
    '|',
    '{2}',
    ',',
    '\\]',
  )
  const text = fc.array(fc.constantFrom('a', '1', '-', ']', '{', '}', '_', '[', '^', ','), { maxLength: 6 })
  fc.assert(
    fc.property(fc.array(token, { maxLength: 8 }), text, (tokens, letters) => {
      const strict = unicodePattern(tokens.join(''))
      if (strict === undefined) return
      expect(new RegExp(strict, 'u').test(letters.join(''))).toBe(new RegExp(tokens.join('')).test(letters.join('')))
    }),
    { numRuns: 5000 },
  )
})
