import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GatewayError, NO_USAGE } from '../../core/index.ts'
import { createReplyEncoder, encodeReply, parseConversationalRequest } from './conversational.ts'

const parse = (fields: object): unknown => parseConversationalRequest({ session_id: 's', message: 'm', ...fields })

function refusalOf(body: unknown): { readonly code: string; readonly param: string | undefined } {
  try {
    parseConversationalRequest(body)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    return { code: error.code, param: error.param }
  }
  throw new Error('the body was taken')
}

test('[CV1] a turn names its session, its message and perhaps its model', () => {
  const plain = { sessionId: 's', message: 'm', model: undefined, stream: false }
  expect(parse({})).toStrictEqual(plain)
  expect(parse({ model: null, stream: null, other: 1 })).toStrictEqual(plain)
  expect(parse({ model: 'conversational/haiku' })).toStrictEqual({ ...plain, model: 'conversational/haiku' })
})

test('[CV13] a turn may ask for its reply as a stream', () => {
  expect(parse({ stream: true })).toMatchObject({ stream: true })
  expect(parse({ stream: false })).toMatchObject({ stream: false })
  for (const stream of ['true', 1, 0, '', {}, []])
    expect(refusalOf({ session_id: 's', message: 'm', stream })).toEqual({ code: 'invalid_request', param: 'stream' })
})

test('[CV13] each piece of a reply names its session, and the last one has all of it', () => {
  const encode = createReplyEncoder('../🙂')
  expect(encode.text('Здра')).toStrictEqual([{ session_id: '../🙂', delta: 'Здра' }])
  expect(encode.end({ type: 'turn-end', reason: 'end', usage: NO_USAGE, answer: 'Здравей' })).toStrictEqual([
    { session_id: '../🙂', reply: 'Здравей' },
  ])
})

test('[CV1] a reply names its session', () => {
  expect(encodeReply({ sessionId: '../🙂', reply: 'Здравей' })).toStrictEqual({ session_id: '../🙂', reply: 'Здравей' })
})

test.each([
  ['x'],
  [' '],
  ['../x'],
  ['\0\n'],
  ['__proto__'],
  ['Ж'.repeat(256)],
  ['🙂'.repeat(256)],
  ['e\u0301'.repeat(128)],
])('[CV2] %j is a session id', (session_id) => {
  expect(parse({ session_id })).toMatchObject({ sessionId: session_id, message: 'm' })
})

test('[CV2] any text of 1 to 256 whole characters is a session id, as it is', () => {
  const id = fc.string({ unit: 'binary', minLength: 1, maxLength: 256 }).filter((text) => text.isWellFormed())
  fc.assert(
    fc.property(id, (session_id) => {
      expect(parse({ session_id })).toMatchObject({ sessionId: session_id, message: 'm' })
    }),
  )
})

test.each([[''], ['x'.repeat(257)], ['🙂'.repeat(257)], [5], [null], [undefined], [['s']], [{}], ['a\ud83d']])(
  '[CV2] %j is no session id',
  (session_id) => {
    expect(refusalOf({ session_id, message: 'm' })).toEqual({ code: 'invalid_request', param: 'session_id' })
  },
)

test.each([[''], [' \n\t\u00a0'], [5], [null], [undefined], [['m']]])('[CV2] %j is no message', (message) => {
  expect(refusalOf({ session_id: 's', message })).toEqual({ code: 'invalid_request', param: 'message' })
})

test.each([[''], [5], [{}]])('[CV2] %j is no model', (model) => {
  expect(refusalOf({ session_id: 's', message: 'm', model })).toEqual({ code: 'invalid_request', param: 'model' })
})

test.each([[null], [[]], ['text'], [5]])('[CV2] a body that is no object is refused: %j', (body) => {
  expect(refusalOf(body)).toEqual({ code: 'invalid_request', param: undefined })
})

test('[CV1] a message is taken as it is, its spaces too', () => {
  const message = `  Здравей\n🙂 ${'x'.repeat(1_000_000)} `
  expect(parse({ message })).toMatchObject({ sessionId: 's', message })
})
