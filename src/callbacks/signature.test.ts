import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { signatureOf, signingKey } from './signature.ts'

/** Within the five minutes that the library allows. */
const timestamp = Math.floor(Date.now() / 1000)
const headersOf = (id: string, signature: string) => ({
  'webhook-id': id,
  'webhook-timestamp': String(timestamp),
  'webhook-signature': signature,
})

const anyBody = fc.oneof(
  fc.json(),
  fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => JSON.stringify(text)),
)

test('[CB2] whatever is sent, the library of the specification finds its signature right', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), fc.uuid(), anyBody, (bytes, id, body) => {
      const secret = `whsec_${Buffer.from(bytes).toString('base64')}`
      const signature = signatureOf({ id, timestamp, body: Buffer.from(body) }, signingKey(secret))
      expect(new Webhook(secret).verify(body, headersOf(id, signature))).toEqual(JSON.parse(body))
    }),
  )
})

test('[CB2] a secret that is a text is the key as it stands, though it may look like base64', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[\x21-\x7e]{16,80}$/), anyBody, (secret, body) => {
      fc.pre(!secret.startsWith('whsec_'))
      const signature = signatureOf({ id: 'a', timestamp, body: Buffer.from(body) }, signingKey(secret))
      const headers = headersOf('a', signature)
      expect(new Webhook(secret, { format: 'raw' }).verify(body, headers)).toEqual(JSON.parse(body))
      const rewritten = `whsec_${Buffer.from(secret).toString('base64')}`
      expect(new Webhook(rewritten).verify(body, headers)).toEqual(JSON.parse(body))
    }),
  )
})

test('[CB2] a signature fits its secret, id, time and body, and no other', () => {
  const secret = `whsec_${randomBytes(32).toString('base64')}`
  const body = '{"a":"я"}'
  const signature = signatureOf({ id: 'job_1', timestamp, body: Buffer.from(body) }, signingKey(secret))
  const headers = headersOf('job_1', signature)
  expect(new Webhook(secret).verify(body, headers)).toEqual({ a: 'я' })
  const other = `whsec_${randomBytes(32).toString('base64')}`
  for (const verify of [
    () => new Webhook(other).verify(body, headers),
    () => new Webhook(secret).verify('{"a":"ю"}', headers),
    () => new Webhook(secret).verify(body, { ...headers, 'webhook-id': 'job_2' }),
    () => new Webhook(secret).verify(body, { ...headers, 'webhook-timestamp': String(timestamp - 1) }),
  ]) {
    expect(verify).toThrow('No matching signature found')
  }
})
