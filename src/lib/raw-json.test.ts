import fc from 'fast-check'
import { expect, test } from 'vitest'
import { memberText, parseExactly, rawJson, writeJson } from './raw-json.ts'

test('[JB2] values are written as JSON writes them', () => {
  const plain = fc.jsonValue()
  fc.assert(
    fc.property(plain, (value) => {
      expect(writeJson(value)).toBe(JSON.stringify(value))
    }),
  )
  expect(writeJson({ a: undefined, b: [null, { c: 'Ж' }] })).toBe('{"b":[null,{"c":"Ж"}]}')
})

test('[JB2] a raw text is written as it stands, wherever it is', () => {
  const raw = rawJson('{ "2":1.10,\n"1": 1e400, "a":1,"a":-0}')
  expect(writeJson({ list: [{ raw }], after: 1 })).toBe(
    `{"list":[{"raw":{ "2":1.10,\n"1": 1e400, "a":1,"a":-0}}],"after":1}`,
  )
})

test.each<[string, string | undefined]>([
  ['{}', undefined],
  ['[{"m":1}]', undefined],
  ['"m"', undefined],
  ['{"m":1}', '1'],
  [' { "m" : { "2" : 1.10, "1": [1e400 ] } , "n":2}', '{ "2" : 1.10, "1": [1e400 ] }'],
  ['{"a":{"m":1},"b":["m",{"m":2}],"c":"\\"m\\":3"}', undefined],
  ['{"m":1,"m":{"a":"}"}}', '{"a":"}"}'],
  ['{"\\u006d":"a,b\\\\"}', '"a,b\\\\"'],
  ['{"__proto__":{"m":5},"m":-0}', '-0'],
])('[JB2] the member of %s is %j, as it was written', (json, text) => {
  expect(memberText(json, 'm')).toBe(text)
})

test('[JB2] the text of a member is what its value was written as', () => {
  const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\t'), maxLength: 2 })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string(), fc.jsonValue()), { minLength: 1, maxLength: 5 }),
      space,
      (entries, gap) => {
        const json = `${gap}{${entries.map(([name, value]) => `${gap}${JSON.stringify(name)}${gap}:${gap}${JSON.stringify(value)}${gap}`).join(',')}}`
        const whole = JSON.parse(json) as Record<string, unknown>
        for (const [name] of entries)
          expect(memberText(json, name)).toBe(JSON.stringify(Object.getOwnPropertyDescriptor(whole, name)?.value))
      },
    ),
  )
})

test.each<[string, unknown]>([
  ['{"id":2512292042121000001}', { id: '2512292042121000001' }],
  ['{"id":2512292042121000000}', { id: 2512292042121000000 }],
  ['{"p":1.10,"q":1.0,"z":-0,"e":1e2,"s":0.1}', { p: 1.1, q: 1, z: -0, e: 100, s: 0.1 }],
  ['[1e400,-1e400,1E-400,0e5]', ['1e400', '-1e400', '1E-400', 0]],
  [
    '[3.14159265358979323846,0.30000000000000004,1e21,123456789012345680000]',
    ['3.14159265358979323846', 0.30000000000000004, 1e21, 123456789012345680000],
  ],
  ['["2512292042121000001"]', ['2512292042121000001']],
  ['[1e999999999999999999999]', ['1e999999999999999999999']],
])('[FN19] the numbers of %s are kept, those that no double holds as texts', (json, value) => {
  expect(parseExactly(json)).toStrictEqual(value)
})

test('[FN19] names that every object inherits are kept', () => {
  const value = parseExactly('{"__proto__":{"a":2512292042121000001}}')
  expect(Object.getOwnPropertyDescriptor(value, '__proto__')?.value).toEqual({ a: '2512292042121000001' })
})

test('[FN19] megabytes of digits are read in one pass', () => {
  expect(parseExactly(`[${'9'.repeat(3_000_000)}]`)).toEqual(['9'.repeat(3_000_000)])
  expect(parseExactly(`[1${'0'.repeat(300_000)}1]`)).toEqual([`1${'0'.repeat(300_000)}1`])
  expect(memberText(`{${'"a":[{}],'.repeat(300_000)}"m":1}`, 'm')).toBe('1')
})
