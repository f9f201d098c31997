/** What is no request of HTTP, or hardly one. */
import type { Random } from '../soak/random.ts'
import type { Answer, Due, FuzzCase } from './fuzz-case.ts'
import { NO_REQUEST, OK, wireCase } from './wire-case.ts'

/** What is refused as no request, always. */
const NONE: readonly [string, ...string[]] = [
  'NONSENSE\r\n\r\n',
  'GET\r\n\r\n',
  'GET /health\r\n\r\n',
  'GET /health HTTP/9.9\r\n\r\n',
  'get /health HTTP/1.1\r\nhost: x\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'GET /a b HTTP/1.1\r\nhost: x\r\n\r\n',
  'GET /health HTTP/1.1\r\nhost: x\r\nno colon\r\n\r\n',
  'GET /health HTTP/1.1\r\nhost : x\r\n\r\n',
  'GET /health HTTP/1.1\r\nhost: x\r\nx: a\u0000b\r\n\r\n',
  'POST /execute HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n',
  'POST /execute HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999999\r\n\r\n',
  'POST /execute HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello',
  'POST /execute HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST /execute HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n',
  '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
]

export const noRequest = (random: Random): FuzzCase =>
  wireCase('wire no request', [Buffer.from(random.pick(NONE), 'latin1')], { due: [NO_REQUEST] })

const at = (path: string, may: readonly Answer[], method = 'GET'): Due => ({ method, path, may })

/** Odd, yet requests. */
const ODD: readonly [readonly [string, Due], ...(readonly [string, Due])[]] = [
  ['GET /health HTTP/1.1\r\nhost: bad host/\r\n\r\n', at('/health', ['ok', 'invalid_request'])],
  ['GET /health HTTP/1.1\r\nhost:\r\n\r\n', at('/health', ['ok', 'invalid_request'])],
  ['GET /health HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n', at('/health', ['ok', 'invalid_request'])],
  ['GET /health HTTP/1.1\r\n\r\n', at('/health', ['ok', 'invalid_request'])],
  ['GET /health HTTP/1.0\r\n\r\n', at('/health', ['ok', 'invalid_request'])],
  ['GET /health HTTP/1.0\r\nhost: x\r\n\r\n', at('/health', ['ok', 'invalid_request'])],
  ['\r\n\r\nGET /health HTTP/1.1\r\nhost: x\r\n\r\n', at('/health', ['ok', 'invalid_request'])],
  [
    'GET http://evil.example/health HTTP/1.1\r\nhost: x\r\n\r\n',
    at('/health', ['ok', 'invalid_request', 'invalid_api_key']),
  ],
  ['GET http://[/health HTTP/1.1\r\nhost: x\r\n\r\n', at('/x', ['invalid_request', 'invalid_api_key'])],
  ['OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n', at('/x', ['invalid_request', 'invalid_api_key'], 'OPTIONS')],
  ['GET * HTTP/1.1\r\nhost: x\r\n\r\n', at('/x', ['invalid_request', 'invalid_api_key'])],
  [`GET /${'x'.repeat(100_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, at('', ['headers_too_large'])],
  ['GET //health HTTP/1.1\r\nhost: x\r\n\r\n', at('/x', ['invalid_request', 'invalid_api_key', 'ok'])],
  ['GET /%00 HTTP/1.1\r\nhost: x\r\n\r\n', at('/x', ['invalid_api_key'])],
  ['GET /\u00ff\u00fe HTTP/1.1\r\nhost: x\r\n\r\n', at('/x', ['invalid_request', 'invalid_api_key'])],
  ['GET /../health HTTP/1.1\r\nhost: x\r\n\r\n', at('/health', ['ok', 'invalid_api_key'])],
  ['GET /health#x HTTP/1.1\r\nhost: x\r\n\r\n', at('/health', ['ok', 'invalid_api_key'])],
  ['CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n', at('/x', ['invalid_request', 'invalid_api_key'], 'CONNECT')],
  ['TRACE /health HTTP/1.1\r\nhost: x\r\n\r\n', at('/health', ['invalid_request', 'invalid_api_key'], 'TRACE')],
  [
    'GET /health HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n\r\n',
    at('/health', ['ok', 'invalid_request']),
  ],
  [
    'GET /health HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\n\r\n',
    at('/health', ['ok', 'invalid_request']),
  ],
  ['GET /health HTTP/1.1\r\nhost: x\r\nx: a\r\n b\r\n\r\n', at('/health', ['ok', 'invalid_request'])],
  ['GET /health HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc', at('/health', ['ok', 'invalid_request'])],
  ['GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', at('/health', OK)],
  ['GET /health HTTP/1.1\r\nhost: x\r\nrange: bytes=0-1\r\nif-none-match: *\r\n\r\n', at('/health', OK)],
]

export function oddRequest(random: Random): FuzzCase {
  const [text, due] = random.pick(ODD)
  return wireCase('wire odd', [Buffer.from(text, 'latin1')], { due: [due] })
}

/** Bytes by chance. */
export function noise(random: Random): FuzzCase {
  const bytes = Buffer.from(Array.from({ length: random.between(1, 3000) }, () => random.between(0, 255)))
  return wireCase('wire noise', [bytes, 20], { due: [NO_REQUEST], least: 0, end: random.pick(['half-close', 'reset']) })
}
