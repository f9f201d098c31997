import { expect, test } from 'vitest'
import { toFinishReason } from './finish-reason.ts'

test.each([
  ['end', 'stop'],
  ['stop-text', 'stop'],
  ['length', 'length'],
  ['refusal', 'content_filter'],
] as const)('[ST7] an answer that ended by %s finishes with %s', (reason, finish) => {
  expect(toFinishReason(reason)).toBe(finish)
})
