/** Looks at the replies that leave through Node's HTTP server in this process, without a part in their way. */
import { ServerResponse } from 'node:http'
import type { Reply } from './judge-reply.ts'

interface Watched {
  readonly chunks: Uint8Array[]
  /** Unknown until the reply ends. */
  left: boolean | undefined
  /** A reply of another server in this process. */
  foreign: boolean
}

type Field = readonly [name: string, value: unknown]

/** Headers as `writeHead` takes them: by name, as pairs, or as names and values in turn. */
function fieldsOf(given: unknown): readonly Field[] {
  if (typeof given !== 'object' || given === null) return []
  if (!Array.isArray(given)) return Object.entries(given)
  const list: readonly unknown[] = given
  if (list.every((entry) => Array.isArray(entry))) return list.map(([name, value]) => [String(name), value])
  return list.flatMap((name, index): readonly Field[] => (index % 2 === 0 ? [[String(name), list[index + 1]]] : []))
}

const headersOf = (response: ServerResponse, given: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...fieldsOf(response.getHeaders()), ...fieldsOf(given)].map(([name, value]) => [
      name.toLowerCase(),
      String(value),
    ]),
  )

/** Whether the caller closed the connection; its half of it is enough, for Node then ends ours. */
const isGone = ({ req: { socket } }: ServerResponse): boolean => socket.destroyed || socket.writableEnded

const bytesOf = (chunk: unknown, encoding: unknown): Uint8Array => {
  if (typeof chunk === 'string') {
    return Buffer.from(chunk, typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8')
  }
  return chunk instanceof Uint8Array ? Uint8Array.from(chunk) : new Uint8Array()
}

/** `method` as before, with a look at each call before it is made. */
const observed = <F extends (...args: never[]) => unknown>(
  method: F,
  look: (response: ServerResponse, args: readonly unknown[]) => void,
): F =>
  new Proxy(method, {
    apply(target, response: ServerResponse, args: unknown[]) {
      look(response, args)
      return Reflect.apply(target, response, args) as unknown
    },
  })

/**
 * Calls `seen` with every reply of this product once it is over, or its caller gone. They are known by the id that
 * each of them carries, so other servers in the same process are left alone. Lasts as long as the process.
 */
export function watchReplies(seen: (reply: Reply) => void): void {
  const replies = new WeakMap<ServerResponse, Watched>()
  const prototype = ServerResponse.prototype

  /** Bytes may be handed over before the status line that they bring about. */
  const replyOf = (response: ServerResponse): Watched => {
    const reply = replies.get(response) ?? { chunks: [], left: undefined, foreign: false }
    replies.set(response, reply)
    return reply
  }
  const begin = (response: ServerResponse, [status, ...rest]: readonly unknown[]): void => {
    const reply = replyOf(response)
    const headers = headersOf(response, rest.at(-1))
    reply.foreign = headers['x-request-id']?.startsWith('req_') !== true
    if (reply.foreign) {
      reply.chunks.length = 0
      return
    }
    response.once('close', () => {
      const { method = '', url = '' } = response.req
      seen({
        method,
        path: url.replace(/[?#].*$/s, ''),
        status: Number(status),
        headers,
        body: Buffer.concat(reply.chunks),
        left: reply.left ?? true,
      })
    })
  }
  const take = (response: ServerResponse, [chunk, encoding]: readonly unknown[]): void => {
    const reply = replyOf(response)
    if (!reply.foreign) reply.chunks.push(bytesOf(chunk, encoding))
  }
  const finish = (response: ServerResponse): void => {
    replyOf(response).left ??= isGone(response)
  }

  prototype.writeHead = observed(prototype.writeHead, begin)
  prototype.write = observed(prototype.write, take)
  prototype.end = observed(prototype.end, (response, args) => {
    take(response, args)
    finish(response)
  })
  prototype.destroy = observed(prototype.destroy, (response, [error]) => {
    // With an error it is the server that breaks off; without one it may be the end of a connection.
    if (error != null) finish(response)
  })
}
