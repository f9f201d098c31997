import { buffer } from 'node:stream/consumers'
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { startPictureServer } from './picture-server.ts'

export interface Received {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Takes callbacks on loopback; disposing of it ends its connections. */
export interface CallbackReceiver extends AsyncDisposable {
  readonly port: number
  readonly host: string
  readonly received: readonly Received[]
  urlOf(path: string): string
  /** Resolves once the head of that many requests has come. */
  untilAsked(times: number): Promise<void>
}

const accept: RequestListener = (_request, response) => void response.end()

/** Answers when a request has come whole. */
export async function startCallbackReceiver(
  answer: RequestListener = accept,
  options: { readonly address?: string } = {},
): Promise<CallbackReceiver> {
  const received: Received[] = []
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, url: path, headers } = request
    try {
      received.push({ method, path, headers, body: String(await buffer(request)) })
    } catch {
      // The sender has left; there is nothing to answer.
      return
    }
    answer(request, response)
  }
  const server = await startPictureServer((request, response) => void receive(request, response), options)
  return {
    port: server.port,
    host: server.host,
    received,
    urlOf: server.urlOf,
    untilAsked: server.untilAsked,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
