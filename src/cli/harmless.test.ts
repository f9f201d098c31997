import fc from 'fast-check'
import { expect, test } from 'vitest'
import { harmless, harmlessJson, harmlessLine } from './harmless.ts'

test('[CM15] what a terminal would obey is shown instead', () => {
  expect(harmless('\u001b[2J\u001b]0;title\u0007red')).toBe('␛[2J␛]0;title␇red')
  expect(harmless('\u009b31m \u007f \u0000')).toBe('<U+009B>31m ␡ ␀')
  expect(harmless('yes\rno')).toBe('yes␍no')
  expect(harmless('safe \u202egnp.exe\u2069')).toBe('safe <U+202E>gnp.exe<U+2069>')
})

test('[CM15] text that is none of that stays as it is, line breaks and tabs too', () => {
  const text = 'Здравей, свят 🙂\n\tעברית العربية 👨‍👩‍👧 ─│'
  expect(harmless(text)).toBe(text)
  expect(harmless('one\r\ntwo')).toBe('one\ntwo')
  expect(harmlessLine('one\ntwo\tthree\r\nfour')).toBe('one two three four')
})

test('[CM12] [CM15] JSON holds the same value and no character that a terminal would obey', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const json = harmlessJson(value)
      expect(JSON.stringify(JSON.parse(json))).toBe(JSON.stringify(value))
      // oxlint-disable-next-line no-control-regex
      expect(json).not.toMatch(/[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/)
    }),
  )
  expect(harmlessJson({ text: '\u009b\u202e' })).toBe('{"text":"\\u009b\\u202e"}')
})
