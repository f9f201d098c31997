import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
export const pngPicture = { mediaType: 'image/png', base64: PNG.toString('base64') }

/** Serves pictures on loopback; disposing of it ends its connections. */
export interface PictureServer extends AsyncDisposable {
  readonly port: number
  /** `127.0.0.1:PORT` or what it listens on instead. */
  readonly host: string
  readonly requests: readonly IncomingMessage[]
  urlOf(path: string): string
  /** Resolves once that many requests have come. */
  untilAsked(times: number): Promise<void>
}

export const answerPng: RequestListener = (_request, response) => void response.end(PNG)

export async function startPictureServer(
  answer: RequestListener = answerPng,
  { address = '127.0.0.1' }: { readonly address?: string } = {},
): Promise<PictureServer> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    answer(request, response)
    server.emit('asked')
  })
  server.listen(0, address)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const host = `${address.includes(':') ? `[${address}]` : address}:${port}`
  return {
    port,
    host,
    requests,
    urlOf: (path) => `http://${host}${path}`,
    async untilAsked(times) {
      while (requests.length < times) await once(server, 'asked')
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
