import { expect, test } from 'vitest'
import { scanJson } from './scan-json.ts'

const MOST = { depth: 10, values: 100 }
const scan = (text: string) => scanJson(Buffer.from(text), MOST)

test.each([
  ['5', 0, 1],
  ['[1,2,3]', 1, 4],
  ['{"a":1,"b":[2]}', 2, 4],
  ['"[[[,,,"', 0, 1],
  ['["\\"[,", "\\\\", 1]', 1, 4],
  ['{"ключ":"[,🙂"}', 1, 2],
])('the shape of %s', (text, depth, values) => {
  expect(scan(text)).toEqual({ depth, values })
})

test('the scan stops where there is more than may be', () => {
  expect(scan('['.repeat(1_000_000))).toEqual({ depth: 11, values: 12 })
  expect(scan(`[${'1,'.repeat(1_000_000)}`)).toEqual({ depth: 1, values: 101 })
})

test('text that is not JSON is scanned to its end', () => {
  expect(scan(']]]]"')).toEqual({ depth: 0, values: 1 })
  expect(scan('"\\')).toEqual({ depth: 0, values: 1 })
})
