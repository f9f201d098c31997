/** Bodies that are no JSON, or not plainly so, however well they are sent. */
import { gzipSync } from 'node:zlib'
import type { Random } from '../soak/random.ts'
import { CHAT } from './chat-cases.ts'
import { headersOf, httpCase, type Answer, type FuzzCase, type World } from './fuzz-case.ts'

const GOOD = JSON.stringify({ stream: true, messages: [{ role: 'user', content: 'say exactly: ok' }] })

const TYPES = [
  undefined,
  '',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
  'application/json; charset=nonsense',
  'application/xml',
  ';;;',
  'x'.repeat(5000),
] as const

/** The type does not matter. */
export function oddType(random: Random, world: World): FuzzCase {
  const type = random.pick(TYPES)
  const { 'content-type': _type, ...rest } = headersOf(world)
  const headers = type === undefined ? rest : { ...rest, 'content-type': type }
  return httpCase({ kind: 'content type', path: CHAT, headers, body: GOOD, may: ['ok'] })
}

const replaced = (from: string, to: Uint8Array): Buffer => {
  const [before = '', after = ''] = GOOD.split(from)
  return Buffer.concat([Buffer.from(before), to, Buffer.from(after)])
}

const OK: readonly Answer[] = ['ok']
const REFUSED: readonly Answer[] = ['invalid_request']

const BODIES: readonly [readonly [Uint8Array, readonly Answer[]], ...(readonly [Uint8Array, readonly Answer[]])[]] = [
  [Buffer.from(`\ufeff${GOOD}`), OK],
  [Buffer.from(` \n${GOOD}\r\n `), OK],
  [replaced('ok', Buffer.from([0xff, 0xfe, 0xc3])), REFUSED],
  [replaced('ok', Buffer.from([0xed, 0xa0, 0x80])), REFUSED],
  [Buffer.from(GOOD, 'utf16le'), REFUSED],
  [gzipSync(GOOD), REFUSED],
  [Buffer.from(GOOD.slice(0, -1)), REFUSED],
  [Buffer.from(`${GOOD}x`), REFUSED],
  [Buffer.from(`${GOOD}${GOOD}`), REFUSED],
  [Buffer.from(GOOD.replaceAll('"', "'")), REFUSED],
  [Buffer.from(GOOD.replace('true', 'NaN')), REFUSED],
  [Buffer.from(GOOD.replace('true', 'True')), REFUSED],
  [Buffer.from(GOOD.replace('true', '1e999')), REFUSED],
  [replaced('ok', Buffer.from([0x00])), REFUSED],
  [replaced('ok', Buffer.from([0x0a])), REFUSED],
  [Buffer.from('{"messages":'), REFUSED],
  [Buffer.from(''), REFUSED],
  [Buffer.from(' '), REFUSED],
  [Buffer.from('null'), REFUSED],
  [Buffer.from('[]'), REFUSED],
  [Buffer.from('"messages"'), REFUSED],
  [Buffer.from('5'), REFUSED],
  [Buffer.from('{}'), REFUSED],
  [Buffer.from('['.repeat(100_000)), REFUSED],
  [Buffer.from(`${'['.repeat(100_000)}${']'.repeat(100_000)}`), REFUSED],
  [Buffer.from(`{"a":${'{"a":'.repeat(700)}1${'}'.repeat(700)}}`), REFUSED],
  [Buffer.from('{"__proto__":{"messages":[{"role":"user","content":"a"}]}}'), REFUSED],
  [Buffer.from(`{"messages":[],"messages":[{"role":"user","content":"a"}]}`), OK],
  [Buffer.from('a=1&b=2'), REFUSED],
  [Buffer.from(Array.from({ length: 2000 }, (_, index) => (index * 7919) % 256)), REFUSED],
]

export function oddBody(random: Random, world: World): FuzzCase {
  const [body, may] = random.pick(BODIES)
  const isPlain = random.chance(0.2) && may === REFUSED
  const path = isPlain ? random.pick(['/execute', '/v1/conversational']) : CHAT
  return httpCase({ kind: 'body bytes', path, headers: headersOf(world), body, may })
}
