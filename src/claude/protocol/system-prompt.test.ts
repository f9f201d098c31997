import { expect, test } from 'vitest'
import { BOUNDARY, checkSystemPrompt, isCutLater } from './system-prompt.ts'

test.each([
  '',
  'Be kind.',
  `${BOUNDARY}\n`,
  ` ${BOUNDARY}`,
  ' x-anthropic-billing-header: a',
  'X-Anthropic-Billing-Header: a',
])('[CL15] %j is sent as it is', (system) => {
  expect(() => checkSystemPrompt(system)).not.toThrow()
})

test.each([BOUNDARY, 'x-anthropic-billing-header', 'x-anthropic-billing-header: cc_version=1;\nBe kind.'])(
  '[CL16] %j is refused with the field',
  (system) => {
    expect(() => checkSystemPrompt(system)).toThrow(
      expect.objectContaining({ code: 'invalid_request', param: 'messages' }),
    )
  },
)

test('[CL15] a line that is the mark is cut later, text around it is not', () => {
  for (const text of [BOUNDARY, `a\n${BOUNDARY}`, `a\n \t${BOUNDARY}\r\nb`]) expect(isCutLater(text)).toBe(true)
  for (const text of ['', 'a', `a ${BOUNDARY}`, `a\n${BOUNDARY}b\n`]) expect(isCutLater(text)).toBe(false)
})
