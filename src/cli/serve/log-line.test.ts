import { stripVTControlCharacters, styleText } from 'node:util'
import { expect, test } from 'vitest'
import type { LogRecord } from '../../telemetry/index.ts'
import type { Paint } from '../paint.ts'
import { logLine } from './log-line.ts'

const plain: Paint = (_, text) => text
const TIME = new Date(2026, 10, 30, 8, 5, 9)

const line = (record: Partial<LogRecord>, paint = plain): string =>
  logLine({ timeMs: TIME.getTime(), level: 'info', message: 'request-finished', fields: {}, ...record }, paint)

test('[LG9] a line has time, level, event and fields, the ID of the request last', () => {
  const fields = { requestId: 'req_1', method: 'GET', path: '/a', status: 200, left: false, model: undefined }
  expect(line({ fields })).toBe(
    '08:05:09 info  request-finished method=GET path=/a status=200 left=false requestId=req_1',
  )
  expect(line({ level: 'error', message: 'store-failed' })).toBe('08:05:09 error store-failed')
})

test('[LG9] texts with other than plain characters stand in quotes, lists and objects are JSON', () => {
  expect(line({ fields: { reason: 'It "failed".', names: ['a', 'b'], at: { x: 1 }, none: null, empty: '' } })).toBe(
    '08:05:09 info  request-finished reason="It \\"failed\\"." names=["a","b"] at={"x":1} none=null empty=""',
  )
})

test('[LG9] [CM15] an event is one line without a character that a terminal would obey', () => {
  const shown = line({ fields: { stack: 'Error\n  at \u001b[2J\u009b2J\u202e' } })
  expect(shown).toBe(String.raw`08:05:09 info  request-finished stack="Error\n  at \u001b[2J\u009b2J\u202e"`)
})

test('[LG9] [CM38] colours change nothing but colours', () => {
  const coloured: Paint = (style, text) => styleText(style, text, { validateStream: false })
  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    const shown = line({ level, fields: { a: 1 } }, coloured)
    expect(shown).toContain('\u001b[')
    expect(stripVTControlCharacters(shown)).toBe(line({ level, fields: { a: 1 } }))
  }
})
