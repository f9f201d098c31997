import fc from 'fast-check'
import { expect, test } from 'vitest'
import { wholeCharacters } from './whole-characters.ts'

test('pieces join to what came in and none but the last ends in half a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 3 }), (text, size) => {
      const joined = wholeCharacters()
      const out: string[] = []
      for (let at = 0; at < text.length; at += size) out.push(joined.push(text.slice(at, at + size)))
      for (const piece of out) expect(piece.endsWith('\ud83d')).toBe(false)
      expect(out.join('') + joined.flush()).toBe(text)
    }),
  )
})

test('an emoji cut in two leaves in one piece', () => {
  const joined = wholeCharacters()
  expect(joined.push('a\ud83d')).toBe('a')
  expect(joined.push('\ude42b')).toBe('🙂b')
})
