/** A name or an address with an optional port: text that is safe in a shell command too. */
const HOST = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/

export interface Received {
  readonly host: string | undefined
  /** What a proxy says of the request that it received itself. It is shown to nobody but the caller who sent it. */
  readonly forwardedHost: string | undefined
  readonly forwardedProtocol: string | undefined
}

/** The first of a list of values, as the proxy nearest to the client wrote it. */
const first = (header: string | undefined): string | undefined => header?.split(',')[0]?.trim()

/** Where the sender of a request reaches the OpenAI API of this server; `undefined` when the request does not say. */
export function baseUrl({ host, forwardedHost, forwardedProtocol }: Received): string | undefined {
  const shown = first(forwardedHost) ?? host
  if (shown === undefined || !HOST.test(shown)) return undefined
  return `${first(forwardedProtocol) === 'https' ? 'https' : 'http'}://${shown}/v1`
}
