/** One picture over HTTP, through its redirects: each of them is looked at as the first address was. */
import type { IncomingMessage } from 'node:http'
import type { Picture } from '../core/index.ts'
import { exchange, openTarget, OutboundError, type TargetRules } from '../outbound/index.ts'
import { NO_PICTURE, toPicture } from './picture.ts'

export interface DownloadRules extends TargetRules {
  readonly maxBytes: number
  readonly maxRedirects: number
}

const HEADERS = { 'user-agent': 'vivavoce', accept: 'image/*', 'accept-encoding': 'identity' }
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308]
/** A server that answers so may do better soon. */
const isPassing = (status: number): boolean => status >= 500 || status === 408 || status === 425 || status === 429

const MIB = 1024 * 1024
const size = (bytes: number): string => (bytes % MIB === 0 ? `${bytes / MIB} MiB` : `${bytes} bytes`)

type Reply = { readonly picture: Picture } | { readonly location: string }

async function readPicture(response: IncomingMessage, maxBytes: number): Promise<Picture> {
  const tooLarge = (): OutboundError => new OutboundError(`it is larger than ${size(maxBytes)}`)
  if (Number(response.headers['content-length']) > maxBytes) throw tooLarge()
  const chunks: Buffer[] = []
  let held = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    held += chunk.byteLength
    if (held > maxBytes) throw tooLarge()
    chunks.push(chunk)
  }
  const picture = toPicture(Buffer.concat(chunks))
  if (picture === undefined) throw new OutboundError(NO_PICTURE)
  return picture
}

async function read(response: IncomingMessage, maxBytes: number): Promise<Reply> {
  const { statusCode: status = 0, headers } = response
  if (REDIRECTS.includes(status) && headers.location !== undefined) return { location: headers.location }
  if (status === 200) return { picture: await readPicture(response, maxBytes) }
  throw new OutboundError(`the server answered with status ${status}`, { retryable: isPassing(status) })
}

/** @throws OutboundError when there is none to be had; the signal's reason when that aborts, and the connection is gone. */
export async function download(
  address: string,
  { maxRedirects, maxBytes, signal, ...rules }: DownloadRules & { readonly signal: AbortSignal },
): Promise<Picture> {
  let target = await openTarget(address, { ...rules, signal })
  for (let redirects = 0; ; redirects++) {
    const reply = await exchange(target, {
      method: 'GET',
      headers: HEADERS,
      read: (response) => read(response, maxBytes),
      signal,
    })
    if ('picture' in reply) return reply.picture
    if (redirects === maxRedirects) throw new OutboundError(`it is redirected more than ${maxRedirects} times`)
    target = await openTarget(reply.location, { ...rules, base: target.url, signal })
  }
}
