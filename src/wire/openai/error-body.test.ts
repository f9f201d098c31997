import { expect, test } from 'vitest'
import { ERRORS, GatewayError, type ErrorCode } from '../../core/index.ts'
import { encodeOpenAiError } from './error-body.ts'

test('[ER1] [R57] a failure has a message, a type, a param and a code', () => {
  expect(encodeOpenAiError(new GatewayError('invalid_request', 'Не.', { param: 'messages[2].content' }))).toStrictEqual(
    {
      error: { message: 'Не.', type: 'invalid_request_error', param: 'messages[2].content', code: 'invalid_request' },
    },
  )
  expect(encodeOpenAiError(new GatewayError('rate_limit_exceeded', 'Wait.'))).toStrictEqual({
    error: { message: 'Wait.', type: 'rate_limit_error', param: null, code: 'rate_limit_exceeded' },
  })
})

test('[ER2] [R58] nothing for the log is in what a caller reads', () => {
  const error = new GatewayError('cli_failed', 'It failed.', {
    cause: new Error('secret cause'),
    details: { stderr: 'secret words', path: '/secret' },
  })
  expect(JSON.stringify(encodeOpenAiError(error))).not.toContain('secret')
})

test.each(Object.entries(ERRORS))('[ER1] [R57] %s carries the type of its kind', (code, { type }) => {
  expect(encodeOpenAiError(new GatewayError(code as ErrorCode, 'm')).error).toEqual({
    message: 'm',
    type,
    param: null,
    code,
  })
})
