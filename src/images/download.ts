/** One picture over HTTP, through its redirects: each of them is looked at as the first address was. */
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { orAborted } from '../lib/index.ts'
import { PictureError } from './picture-error.ts'
import { NO_PICTURE, toPicture } from './picture.ts'
import type { Picture } from '../core/index.ts'
import { openTarget, type Target, type TargetRules } from './target.ts'

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

/** Answers every question with the addresses that were looked at: a name that is asked twice may answer otherwise. */
const answering = (addresses: readonly string[]): LookupFunction => {
  const all = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_hostname, { all: wantsAll }, callback) => {
    if (wantsAll === true) callback(null, all)
    else callback(null, all[0]?.address ?? '', all[0]?.family)
  }
}

type Reply = { readonly picture: Picture } | { readonly location: string }

async function readPicture(response: IncomingMessage, maxBytes: number): Promise<Picture> {
  const tooLarge = (): PictureError => new PictureError(`it is larger than ${size(maxBytes)}`)
  if (Number(response.headers['content-length']) > maxBytes) throw tooLarge()
  const chunks: Buffer[] = []
  let held = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    held += chunk.byteLength
    if (held > maxBytes) throw tooLarge()
    chunks.push(chunk)
  }
  const picture = toPicture(Buffer.concat(chunks))
  if (picture === undefined) throw new PictureError(NO_PICTURE)
  return picture
}

async function read(response: IncomingMessage, maxBytes: number): Promise<Reply> {
  const { statusCode: status = 0, headers } = response
  if (REDIRECTS.includes(status) && headers.location !== undefined) return { location: headers.location }
  if (status === 200) return { picture: await readPicture(response, maxBytes) }
  throw new PictureError(`the server answered with status ${status}`, { retryable: isPassing(status) })
}

async function ask(
  { url, addresses }: Target,
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<Reply> {
  const send = url.protocol === 'https:' ? requestHttps : requestHttp
  // Without an agent nothing is kept alive, and no proxy of the environment stands between the check and the address.
  const request = send(url, { agent: false, lookup: answering(addresses), headers: HEADERS })
  const answered = Promise.withResolvers<IncomingMessage>()
  request.on('response', answered.resolve)
  request.on('error', answered.reject)
  request.on('close', () => answered.reject(new Error('the connection was closed before an answer came')))
  let problem = 'the address could not be reached'
  const answer = async (): Promise<Reply> => {
    const response = await answered.promise
    problem = 'the server broke off its answer'
    return await read(response, maxBytes)
  }
  try {
    request.end()
    return await orAborted(answer(), signal)
  } catch (cause) {
    signal.throwIfAborted()
    if (cause instanceof PictureError) throw cause
    throw new PictureError(problem, { retryable: true, cause })
  } finally {
    request.destroy()
  }
}

/** @throws PictureError when there is none to be had; the signal's reason when that aborts, and the connection is gone. */
export async function download(
  address: string,
  { maxRedirects, maxBytes, signal, ...rules }: DownloadRules & { readonly signal: AbortSignal },
): Promise<Picture> {
  let target = await openTarget(address, { ...rules, signal })
  for (let redirects = 0; ; redirects++) {
    const reply = await ask(target, { maxBytes, signal })
    if ('picture' in reply) return reply.picture
    if (redirects === maxRedirects) throw new PictureError(`it is redirected more than ${maxRedirects} times`)
    target = await openTarget(reply.location, { ...rules, base: target.url, signal })
  }
}
