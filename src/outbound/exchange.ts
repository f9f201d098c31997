/** One request to a target, and what is made of its answer. Redirects are not followed: each leads to another target. */
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { orAborted } from '../lib/index.ts'
import { OutboundError } from './outbound-error.ts'
import type { Target } from './target.ts'

export interface OutboundRequest<T> {
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer
  /** Reads the answer, as much of it as is wanted. */
  readonly read: (response: IncomingMessage) => Promise<T>
  readonly signal: AbortSignal
}

/** Answers every question with the addresses that were looked at: a name that is asked twice may answer otherwise. */
const answering = (addresses: readonly string[]): LookupFunction => {
  const all = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_hostname, { all: wantsAll }, callback) => {
    if (wantsAll === true) callback(null, all)
    else callback(null, all[0]?.address ?? '', all[0]?.family)
  }
}

/**
 * What `read` makes of the answer; the connection is gone then, whether the answer was read to its end or not.
 * @throws OutboundError when there is no answer or it breaks off, and what `read` throws of that kind; the signal's reason
 * when that aborts.
 */
export async function exchange<T>(
  { url, addresses }: Target,
  { method, headers, body, read, signal }: OutboundRequest<T>,
): Promise<T> {
  const send = url.protocol === 'https:' ? requestHttps : requestHttp
  // Without an agent nothing is kept alive, and no proxy of the environment stands between the check and the address.
  const request = send(url, { method, agent: false, lookup: answering(addresses), headers })
  const answered = Promise.withResolvers<IncomingMessage>()
  request.on('response', answered.resolve)
  request.on('error', answered.reject)
  request.on('close', () => answered.reject(new Error('the connection was closed before an answer came')))
  let problem = 'the address could not be reached'
  const answer = async (): Promise<T> => {
    const response = await answered.promise
    problem = 'the server broke off its answer'
    return await read(response)
  }
  try {
    request.end(body)
    return await orAborted(answer(), signal)
  } catch (cause) {
    signal.throwIfAborted()
    if (cause instanceof OutboundError) throw cause
    throw new OutboundError(problem, { retryable: true, cause })
  } finally {
    request.destroy()
  }
}
