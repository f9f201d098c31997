import { expect, test } from 'vitest'
import { table } from './table.ts'

test('[CM8] [CM15] rows are lines in columns, whatever the last cell holds', () => {
  expect(
    table([
      ['TURNS', 'CONVERSATION'],
      ['1', 'кухня 🙂'],
      ['12345678', 'a\nb\u001b[31m'],
      ['', ''],
    ]),
  ).toBe(['TURNS     CONVERSATION', '1         кухня 🙂', '12345678  a b␛[31m', '', ''].join('\n'))
})
