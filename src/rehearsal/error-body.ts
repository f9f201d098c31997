const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

/** The error type that Anthropic's API gives with a status. Source: "Errors" in its reference. */
const errorType = (status: number): string => TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error')

/** What the body of an error response and the data of an SSE `error` event hold. */
export const errorBody = (status: number, message: string, requestId: string): object => ({
  type: 'error',
  error: { type: errorType(status), message },
  request_id: requestId,
})
