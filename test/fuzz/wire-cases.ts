/** What clients do to a request on its way: bodies in odd pieces, broken off or cut short, others behind it. */
import type { Random } from '../soak/random.ts'
import { UNTIL_CONTINUE, type Due, type FuzzCase, type Piece, type World } from './fuzz-case.ts'
import { goodQuestion } from './good-question.ts'
import { chat, head, NO_REQUEST, OK, REFUSED, wireCase } from './wire-case.ts'

/** The bytes in pieces of one up to `most`. */
function inPieces(random: Random, bytes: Buffer, most: number): readonly Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const size = random.between(1, most)
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return pieces
}

const asChunk = (random: Random, bytes: Buffer): Buffer => {
  const size = bytes.length.toString(16)
  const line = random.pick([size, size.toUpperCase(), `000${size}`, `${size};a=b`])
  return Buffer.concat([Buffer.from(`${line}\r\n`), bytes, Buffer.from('\r\n')])
}

/** A body in chunks of any size, at any byte. */
export function chunked(random: Random, world: World): FuzzCase {
  const chunks = inPieces(random, Buffer.from(goodQuestion(random)), random.pick([1, 7, 100])).map((bytes) =>
    asChunk(random, bytes),
  )
  const last = random.pick(['0\r\n\r\n', '0\r\nx-trailer: 1\r\n\r\n', '000\r\n\r\n'])
  const body = Buffer.concat([...chunks, Buffer.from(last)])
  const pieces = random.chance(0.5) ? [body] : inPieces(random, body, 20)
  return wireCase('wire chunked', [head(world, ['transfer-encoding: chunked']), ...pieces], { due: [chat(OK)] })
}

/** Byte by byte, slowly. */
export function slowUpload(random: Random, world: World): FuzzCase {
  const text = goodQuestion(random)
  const request = Buffer.from(head(world, [`content-length: ${Buffer.byteLength(text)}`]) + text)
  const pieces = inPieces(random, request, 3).flatMap((bytes): Piece[] => [bytes, random.between(0, 8)])
  return wireCase('wire slow', pieces, { due: [chat(OK)] })
}

/** A length that is not that of the body. */
export function wrongLength(random: Random, world: World): FuzzCase {
  const text = goodQuestion(random)
  const length = Buffer.byteLength(text)
  if (random.chance(0.5)) {
    const told = random.between(0, length - 1)
    return wireCase('wire length short', [head(world, [`content-length: ${told}`]) + text], {
      due: [chat(REFUSED), NO_REQUEST],
      least: 1,
    })
  }
  const pieces = [head(world, [`content-length: ${length + random.between(1, 5000)}`]) + text, random.between(0, 100)]
  return wireCase('wire length long', pieces, {
    due: [chat(REFUSED)],
    least: 0,
    end: random.pick(['half-close', 'leave', 'reset']),
  })
}

/** An upload that ends in the middle, even of its headers. */
export function cutUpload(random: Random, world: World): FuzzCase {
  const text = goodQuestion(random)
  const request = Buffer.from(head(world, [`content-length: ${Buffer.byteLength(text)}`]) + text)
  const pieces = [request.subarray(0, random.between(1, request.length - 1)), random.between(0, 50)]
  return wireCase('wire cut', pieces, {
    due: [NO_REQUEST],
    least: 0,
    end: random.pick(['leave', 'reset', 'half-close']),
  })
}

/** An answer that its client leaves by breaking the connection. */
export function resetAnswer(random: Random, world: World): FuzzCase {
  const text = JSON.stringify({
    stream: random.chance(0.7),
    messages: [{ role: 'user', content: 'count to 100 [rehearse slow=5]' }],
  })
  const pieces = [head(world, [`content-length: ${Buffer.byteLength(text)}`]) + text, random.between(0, 600)]
  return wireCase('wire reset', pieces, {
    due: [chat(OK)],
    least: 0,
    end: random.pick(['reset', 'leave', 'half-close']),
  })
}

export function headerFlood(random: Random, world: World): FuzzCase {
  const health: Due = { method: 'GET', path: '/health', may: ['ok', 'headers_too_large'] }
  const start = 'GET /health HTTP/1.1'
  const many = Array.from({ length: random.between(500, 3000) }, (_, index) => `x-${index}: a`)
  const lines = random.pick([many, [`x: ${'y'.repeat(random.between(8000, 60_000))}`], [`${'n'.repeat(20_000)}: 1`]])
  return wireCase('wire headers', [head(world, lines, start)], { due: [health] })
}

export function expecting(random: Random, world: World): FuzzCase {
  const text = goodQuestion(random)
  const lines = [`content-length: ${Buffer.byteLength(text)}`]
  if (random.chance(0.7)) {
    return wireCase('wire expect', [head(world, [...lines, 'expect: 100-continue']), UNTIL_CONTINUE, text], {
      due: [chat(OK)],
    })
  }
  return wireCase('wire expect else', [head(world, [...lines, 'expect: wonders']) + text], {
    due: [chat(['ok', 'invalid_request'])],
  })
}

/** Several requests at once, answered in their order. */
export function pipelined(random: Random, world: World): FuzzCase {
  const requests = Array.from({ length: random.between(2, 6) }, (): readonly [string, Due] => {
    switch (random.weighted({ health: 3, models: 2, unknown: 1, asked: 3 })) {
      case 'health':
        return [head(world, [], 'GET /health HTTP/1.1'), { method: 'GET', path: '/health', may: OK }]
      case 'models':
        return [head(world, [], 'HEAD /v1/models HTTP/1.1'), { method: 'HEAD', path: '/v1/models', may: OK }]
      case 'unknown':
        return [head(world, [], 'GET /x HTTP/1.1'), { method: 'GET', path: '/x', may: ['not_found'] }]
      case 'asked': {
        const text = goodQuestion(random)
        return [head(world, [`content-length: ${Buffer.byteLength(text)}`]) + text, chat(OK)]
      }
    }
  })
  const bytes = requests.map(([text]) => text).join('')
  return wireCase('wire pipelined', [bytes], { due: requests.map(([, due]) => due) })
}

/** A request that is answered while what follows it is none. */
export function garbageBehind(random: Random, world: World): FuzzCase {
  const text = JSON.stringify({
    stream: random.chance(0.7),
    messages: [{ role: 'user', content: 'count to 40 [rehearse slow=20]' }],
  })
  const request = head(world, [`content-length: ${Buffer.byteLength(text)}`]) + text
  const garbage = random.pick(['NONSENSE\r\n\r\n', '\u0000\u0001\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', '{}'])
  return wireCase('wire garbage behind', [request, random.between(0, 900), garbage], {
    // What is not begun yet may be refused with what follows it.
    due: [chat(['ok', 'invalid_request']), NO_REQUEST],
    least: 0,
  })
}

/** A body whose chunks are none. */
export function brokenChunks(random: Random, world: World): FuzzCase {
  const broken = random.pick([
    'zz\r\n',
    '5\r\nhel',
    'ffffffffffffffffff\r\n',
    '-1\r\n',
    '5\r\nhello!!\r\n0\r\n\r\n',
    `1;${'e'.repeat(20_000)}\r\na\r\n`,
  ])
  const pieces = [head(world, ['transfer-encoding: chunked']), random.between(0, 20), `9\r\n{"stream"\r\n${broken}`, 20]
  const due = { ...NO_REQUEST, may: [...NO_REQUEST.may, 'request_too_large' as const] }
  return wireCase('wire broken chunks', pieces, { due: [due], least: 0, end: 'half-close' })
}
