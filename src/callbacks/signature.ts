/** How callbacks are signed. Source: the Standard Webhooks specification, version 1.0.0, "Signature scheme". */
import { createHmac } from 'node:crypto'

const PREFIX = 'whsec_'

/** The key that a secret stands for: what follows `whsec_` is base64; any other text is taken as it is. */
export const signingKey = (secret: string): Buffer =>
  secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), 'base64') : Buffer.from(secret)

export interface Signed {
  readonly id: string
  /** Seconds since the epoch. */
  readonly timestamp: number
  /** The very bytes that are sent. */
  readonly body: Buffer
}

/** The value of `webhook-signature`. */
export const signatureOf = ({ id, timestamp, body }: Signed, key: Buffer): string =>
  `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`
