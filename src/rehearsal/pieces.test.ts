import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countChars, firstChars, MAX_INPUT_FRAGMENTS, MAX_WORD_CHARS, toFragments, toPieces } from './pieces.ts'

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/
const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.string({ unit: fc.constantFrom('a', ' ', '\n', 'ж', '🙂', 'я́'), maxLength: 200 }),
)

test('pieces joined are the text, none is empty, long or cuts a surrogate pair', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const pieces = toPieces(text)
      expect(pieces.join('')).toBe(text)
      for (const piece of pieces) {
        expect(piece).not.toBe('')
        expect(piece).not.toMatch(LONE_SURROGATE)
        expect(countChars(piece.trim())).toBeLessThanOrEqual(MAX_WORD_CHARS)
      }
    }),
  )
})

test('words are pieces with the white space before them', () => {
  expect(toPieces('one  two\n three ')).toEqual(['one', '  two', '\n three', ' '])
  expect(toPieces('a incomprehensibilities')).toEqual(['a', ' incomprehens', 'ibilities'])
  expect(toPieces('')).toEqual([])
})

test('an input is sent in a few fragments that joined are the input', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      const fragments = toFragments(json)
      expect(fragments.join('')).toBe(json)
      expect(fragments.length).toBeLessThanOrEqual(MAX_INPUT_FRAGMENTS)
    }),
  )
  expect(toFragments('{"city":"Sofia"}')).toEqual(['{"city":', '"Sofia"}'])
})

test('characters are counted and cut as code points', () => {
  expect(firstChars('a🙂b🙂', 2)).toBe('a🙂')
  expect(firstChars('🙂', 5)).toBe('🙂')
  expect(countChars('a🙂b')).toBe(3)
})
