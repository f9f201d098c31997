import { expect, test } from 'vitest'
import { errorKind } from '../core/index.ts'
import { toRequestFailure } from './client-error.ts'

test.each([
  ['HPE_HEADER_OVERFLOW', 431, 'headers_too_large'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413, 'request_too_large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408, 'request_timeout'],
  ['HPE_INVALID_METHOD', 400, 'invalid_request'],
  ['toString', 400, 'invalid_request'],
  [undefined, 400, 'invalid_request'],
])('[ER25] Node’s %s is %i %s', (code, status, own) => {
  const failure = toRequestFailure(code)
  expect([errorKind(failure.code).status, failure.code]).toEqual([status, own])
})
