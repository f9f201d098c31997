/** What Node refuses before it is a request that the app could see, as a failure of ours (R57). */
import { GatewayError } from '../core/index.ts'

/** Codes of Node's `clientError` that are not simply malformed HTTP. */
const FAILURES = new Map<string, () => GatewayError>([
  [
    'HPE_HEADER_OVERFLOW',
    () => new GatewayError('headers_too_large', 'The headers are larger than 16 KiB. Send less in them.'),
  ],
  [
    'HPE_CHUNK_EXTENSIONS_OVERFLOW',
    () => new GatewayError('request_too_large', 'The chunk extensions are larger than 16 KiB. Leave them out.'),
  ],
  [
    'ERR_HTTP_REQUEST_TIMEOUT',
    () => new GatewayError('request_timeout', 'The request did not arrive in time. Send it again.'),
  ],
])

export const toRequestFailure = (code: string | undefined): GatewayError =>
  FAILURES.get(code ?? '')?.() ?? new GatewayError('invalid_request', 'The request is not valid HTTP.')
