import { request as send, type IncomingMessage } from 'node:http'
import type { Reply } from '../oracle/judge-reply.ts'
import type { HttpPlay } from './fuzz-case.ts'
import type { Played, PlayOptions } from './play.ts'

const headersOf = ({ headers }: IncomingMessage): Reply['headers'] =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))

/** One request of an ordinary client, perhaps one that leaves. */
export function playHttp(
  { method, path, headers, body, leaving }: HttpPlay,
  { url, agent, boundMs }: PlayOptions,
): Promise<Played> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let response: IncomingMessage | undefined
    let problem: string | undefined
    let left = false
    // Some methods have no body by custom, so that its length would not be told.
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const request = send({ hostname, port, method, path, headers: { ...headers, ...length }, agent })

    const over = (): void => {
      clearTimeout(late)
      clearTimeout(leavingTimer)
      const reply =
        response === undefined
          ? []
          : [
              {
                method,
                path,
                status: response.statusCode ?? 0,
                headers: headersOf(response),
                body: Buffer.concat(chunks),
                left,
              },
            ]
      resolve({ replies: reply, problem: left ? undefined : problem })
    }
    const fail = (why: string): void => {
      problem ??= why
      request.destroy()
    }
    const leave = (): void => {
      left = true
      request.destroy()
    }
    const late = setTimeout(() => fail(`no end within ${boundMs} ms`), boundMs)
    const leavingTimer = leaving?.afterMs === undefined ? undefined : setTimeout(leave, leaving.afterMs)

    request.on('error', (error) => fail(`the connection broke: ${error.message}`))
    request.on('response', (incoming) => {
      response = incoming
      let bytes = 0
      incoming.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes >= (leaving?.afterBytes ?? Infinity)) leave()
      })
      incoming.on('error', (error) => fail(`the reply broke off: ${error.message}`))
    })
    request.on('close', over)
    request.end(body)
  })
}
