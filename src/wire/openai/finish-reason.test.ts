import { expect, test } from 'vitest'
import { toFinishReason } from './finish-reason.ts'

test.each([
  ['end', 'stop'],
  ['stop-text', 'stop'],
  ['length', 'length'],
  ['calls', 'tool_calls'],
  ['refusal', 'content_filter'],
] as const)('[ST7] [R33] an answer that ended by %s finishes with %s', (reason, finish) => {
  expect(toFinishReason(reason)).toBe(finish)
})
