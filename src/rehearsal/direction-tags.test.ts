import { expect, test } from 'vitest'
import { findTags, withoutTags } from './direction-tags.ts'

const restOf = (text: string): string | undefined => {
  const found = findTags(text)
  return found.ok ? found.rest : undefined
}
const pairsOf = (text: string): unknown => {
  const found = findTags(text)
  return found.ok ? found.tags.map((tag) => tag.map(({ key, value }) => [key, value])) : found.problem
}

test('a tag alone on its line takes the line with it; other text stays as it is', () => {
  expect(restOf('[rehearse slow=1]\nsay this\n')).toBe('say this\n')
  expect(restOf('say this \n  [rehearse slow=1]  \nand that')).toBe('say this \nand that')
  expect(restOf('say this\n[rehearse slow=1]\n[rehearse first=2]')).toBe('say this')
  expect(restOf('say this  [rehearse slow=1] \nand that')).toBe('say this\nand that')
  expect(restOf('[rehearse slow=1] say this')).toBe('say this')
  expect(restOf('[rehearse slow=1]')).toBe('')
})

test('values are words, quoted strings and objects, which may hold brackets and lines', () => {
  expect(pairsOf('x [rehearse a=1 b="two ] \\"words\\"" input={"x": ["]", "}"],\n "y": {}} c-d=e,f]')).toEqual([
    [
      ['a', '1'],
      ['b', 'two ] "words"'],
      ['input', '{"x": ["]", "}"],\n "y": {}}'],
      ['c-d', 'e,f'],
    ],
  ])
})

test('an object on the next line is the input of the last call that has none', () => {
  const text = '[rehearse call=a slow=1]\n\n {"x": 1}\nrest'
  expect(pairsOf(text)).toEqual([
    [
      ['call', 'a'],
      ['slow', '1'],
      ['input', '{"x": 1}'],
    ],
  ])
  expect(restOf(text)).toBe('rest')
  expect(restOf('[rehearse call=a input={}]\n{"x": 1}')).toBe('{"x": 1}')
  expect(restOf('[rehearse slow=1]\n{"x": 1}')).toBe('{"x": 1}')
})

test.each([
  '[rehearse ]',
  '[rehearse slow]',
  '[rehearse slow=]',
  '[rehearse slow=1',
  '[rehearse input={"a":1]',
  '[rehearse]',
])('a tag that cannot be read is a problem: %s', (text) => {
  expect(pairsOf(`x ${text}`)).toContain('not of the form')
  expect(withoutTags(`x ${text}`)).toBe(`x ${text}`)
})

test('what only looks like a tag is text', () => {
  expect(restOf('[rehearsed slow=1] (rehearse a=b)')).toBe('[rehearsed slow=1] (rehearse a=b)')
})
