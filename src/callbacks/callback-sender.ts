import type { IncomingMessage } from 'node:http'
import type { Clock } from '../core/index.ts'
import { exchange, openTarget, OutboundError, systemLookup, type Lookup, type PrivateHosts } from '../outbound/index.ts'
import { deliveryOf, type Delivery } from './delivery.ts'
import { signatureOf, signingKey } from './signature.ts'

export interface Callback {
  /** Of the event: the same with each attempt, and without a full stop. */
  readonly id: string
  readonly url: string
  /** JSON. */
  readonly body: string
}

/** Sends callbacks, one attempt each; when to try again is left to others. */
export interface CallbackSender {
  /**
   * Posts the callback, signed at the time of the attempt. Rejects with the signal's reason when that aborts before an
   * answer; what does not arrive for any other reason is a value.
   */
  send(callback: Callback & { readonly signal: AbortSignal }): Promise<Delivery>
}

export interface CallbackSenderOptions {
  /** `VIVAVOCE_CALLBACK_SECRET`, whose form has been checked. */
  readonly secret: string
  /** Of the gateway; told to the receiver. */
  readonly version: string
  readonly privateHosts: PrivateHosts
  readonly clock: Clock
  /** For one attempt, the looking up of its name included. */
  readonly timeoutMs?: number
  readonly lookup?: Lookup
}

/** An answer is read only so that its server can end it in peace. */
const MAX_REPLY_BYTES = 4096

async function discard(response: IncomingMessage): Promise<void> {
  let read = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    read += chunk.byteLength
    if (read >= MAX_REPLY_BYTES) return
  }
}

/** Holds nothing open between attempts. */
export function createCallbackSender({
  secret,
  version,
  privateHosts,
  clock,
  timeoutMs = 10_000,
  lookup = systemLookup,
}: CallbackSenderOptions): CallbackSender {
  const key = signingKey(secret)

  const headersOf = (id: string, body: Buffer): Readonly<Record<string, string>> => {
    const timestamp = Math.floor(clock.nowMs() / 1000)
    return {
      'content-type': 'application/json',
      'content-length': String(body.byteLength),
      'user-agent': `vivavoce/${version}`,
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signatureOf({ id, timestamp, body }, key),
    }
  }

  return {
    async send({ url, id, body: text, signal: left }) {
      left.throwIfAborted()
      const body = Buffer.from(text)
      const late = new AbortController()
      using _limit = clock.after(timeoutMs, () =>
        late.abort(new OutboundError(`it took longer than ${timeoutMs / 1000} s`, { retryable: true })),
      )
      const signal = AbortSignal.any([left, late.signal])
      const answered: { delivery?: Delivery } = {}
      try {
        const target = await openTarget(url, { privateHosts, lookup, clock, signal })
        return await exchange(target, {
          method: 'POST',
          headers: headersOf(id, body),
          body,
          async read(response) {
            const delivery = (answered.delivery = deliveryOf(response.statusCode ?? 0))
            await discard(response)
            return delivery
          },
          signal,
        })
      } catch (error) {
        // The status is the answer: to send it again because of what became of the rest would deliver it twice.
        if (answered.delivery !== undefined) return answered.delivery
        if (!(error instanceof OutboundError)) throw error
        return { ok: false, retryable: error.retryable, reason: error.problem, cause: error.cause }
      }
    },
  }
}
