/** How an attempt to deliver a callback ended. */
export type Delivery =
  | { readonly ok: true; readonly status: number }
  | {
      readonly ok: false
      /** Whether the same callback may arrive if it is sent again later. */
      readonly retryable: boolean
      /** A part of a sentence for the caller: it tells nothing of the address, the secret and the gateway's network. */
      readonly reason: string
      /** For the log only. */
      readonly cause?: unknown
    }

/** What a status says. Source: the Standard Webhooks specification, version 1.0.0, "Delivery success and failure". */
export function deliveryOf(status: number): Delivery {
  if (status >= 200 && status < 300) return { ok: true, status }
  const answered = `the server answered with status ${status}`
  if (status >= 300 && status < 400) {
    return { ok: false, retryable: false, reason: `${answered}, and redirects are not followed` }
  }
  if (status === 410) return { ok: false, retryable: false, reason: `${answered}: it wants no more callbacks` }
  return { ok: false, retryable: true, reason: answered }
}
