/** Every other path, every method, with the key and without. */
import type { Random } from '../soak/random.ts'
import { headersOf, httpCase, type Answer, type FuzzCase, type World } from './fuzz-case.ts'
import { hostileText } from './hostile-texts.ts'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE', 'PROPFIND', 'QUERY'] as const

/** The paths there are, the method of each, and what may come of it. */
const KNOWN: readonly [readonly [string, string, ...Answer[]], ...(readonly [string, string, ...Answer[]])[]] = [
  ['/', 'GET', 'ok'],
  ['/docs/README.md', 'GET', 'ok'],
  ['/health', 'GET', 'ok'],
  ['/v1/models', 'GET', 'ok'],
  ['/v1/models/haiku', 'GET', 'ok'],
  ['/v1/models/conversational/opus', 'GET', 'ok'],
  ['/v1/models/gpt-4.1', 'GET', 'ok'],
  ['/v1/models/nothing', 'GET', 'model_not_found'],
  ['/v1/models/__proto__', 'GET', 'model_not_found'],
  ['/v1/models/%00', 'GET', 'model_not_found'],
  ['/v1/models/%E2%80%AE', 'GET', 'model_not_found'],
  ['/v1/models/haiku%2f', 'GET', 'model_not_found'],
  ['/v1/models/%zz', 'GET', 'not_found'],
  ['/v1/models/%ff', 'GET', 'not_found'],
  [`/v1/models/${'x'.repeat(8000)}`, 'GET', 'model_not_found'],
  ['/v1/conversational/nobody', 'DELETE', 'not_found'],
  ['/v1/conversational/%zz', 'DELETE', 'not_found'],
  [`/v1/conversational/${'y'.repeat(8000)}`, 'DELETE', 'not_found'],
  ['/v1/conversational/%00%2e%2e%2fetc', 'DELETE', 'not_found'],
  ['/v1/conversational/nobody', 'GET', 'not_found'],
  ['/v1/conversational/%zz', 'GET', 'not_found'],
  [`/v1/conversational/${'y'.repeat(8000)}`, 'GET', 'not_found'],
  ['/v1/conversational/%00%2e%2e%2fetc', 'GET', 'not_found'],
  ['/v1/conversational', 'GET', 'ok'],
  ['/jobs/job_none', 'GET', 'not_found'],
  ['/jobs/__proto__', 'GET', 'not_found'],
  ['/jobs/%2e%2e%2f', 'GET', 'not_found'],
  ['/jobs/%00', 'GET', 'not_found'],
  ['/jobs/%zz', 'GET', 'not_found'],
  ['/jobs/job_none', 'DELETE', 'not_found'],
  ['/jobs/__proto__', 'DELETE', 'not_found'],
  ['/jobs/%2e%2e%2f', 'DELETE', 'not_found'],
  ['/jobs/%00', 'DELETE', 'not_found'],
  ['/jobs/%zz', 'DELETE', 'not_found'],
  ['/v1/chat/completions', 'POST', 'invalid_request'],
  ['/v1/conversational', 'POST', 'invalid_request'],
  ['/execute', 'POST', 'invalid_request'],
]

const UNKNOWN = [
  '//',
  '/v1',
  '/v1/',
  '/v1/models//',
  '/v1/chat/completions/',
  '/v1//chat/completions',
  '/V1/models',
  '/health/',
  '/jobs/',
  '/jobs/a/b',
  '/execute/',
  '/favicon.ico',
  '/.env',
  '/etc/passwd',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/..%2f..%2fetc/passwd',
  '/%00',
  '/%zz',
  '/%c0%ae%c0%ae/',
  `/${'z'.repeat(9000)}`,
  `/${'a/'.repeat(3000)}`,
  '/v1/models;x=1',
  '/*',
  '/__proto__',
  '/v1/embeddings',
] as const

const QUERIES = [
  '',
  '',
  '',
  '?',
  '?a=1',
  '?session_id=',
  '?session_id=%zz',
  '?%00',
  '?a=b#c',
  `?${'q'.repeat(4000)}`,
] as const

const ANYTHING: readonly Answer[] = ['not_found', 'method_not_allowed', 'model_not_found', 'ok', 'invalid_request']

export function knownPath(random: Random, world: World): FuzzCase {
  const [path, method] = random.pick(KNOWN)
  const query = random.pick(QUERIES)
  // A body that is missing is refused by name.
  const asked = random.chance(0.7) ? method : random.pick(METHODS)
  // It may name a conversation in place of the path.
  const isNamed = path.startsWith('/v1/conversational') && query.startsWith('?session_id')
  const [, , ...own] = KNOWN.find(
    ([known, takes]) => known === path && (takes === asked || (takes === 'GET' && asked === 'HEAD')),
  ) ?? [path, asked, 'method_not_allowed' as const]
  return httpCase({
    kind: 'path known',
    method: asked,
    path: path + query,
    headers: headersOf(world),
    may: isNamed ? ANYTHING : own,
  })
}

export function unknownPath(random: Random, world: World): FuzzCase {
  const isOwn = random.chance(0.2)
  const path = isOwn ? `/${encodeURIComponent(hostileText(random, world).toWellFormed())}` : random.pick(UNKNOWN)
  return httpCase({
    kind: 'path unknown',
    method: random.pick(METHODS),
    path: path + random.pick(QUERIES),
    headers: headersOf(world),
    // Two slashes and three, and what ends in dots, are read as other paths.
    may: path === '/v1/models//' ? ANYTHING : ['not_found'],
  })
}

const keys = (world: World): readonly [string | undefined, ...(string | undefined)[]] => [
  undefined,
  '',
  'Bearer',
  'Bearer ',
  `Basic ${world.key}`,
  `Bearer ${world.key}x`,
  `Bearer ${world.key.slice(0, -1)}`,
  `Bearer ${world.key.toUpperCase()}`,
  `Bearer ${'k'.repeat(7000)}`,
  `Bearer ${world.key}, Bearer ${world.key}`,
  'Bearer \u00ff\u00fe',
  'Bearer __proto__',
]

/** Without the key every path is the same. */
export function keyless(random: Random, world: World): FuzzCase {
  const path = random.pick([
    '/v1/chat/completions',
    '/v1/models',
    '/execute',
    '/jobs/x',
    '/nothing',
    '/v1/conversational',
  ])
  const key = random.pick(keys(world))
  const method = random.pick(METHODS)
  const hasBody = method !== 'HEAD' && method !== 'GET' && method !== 'TRACE' && random.chance(0.5)
  return httpCase({
    kind: 'keyless',
    method,
    path,
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { authorization: key }) },
    ...(hasBody ? { body: JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(1000) }] }) } : {}),
    may: ['invalid_api_key', 'too_many_wrong_keys'],
  })
}
