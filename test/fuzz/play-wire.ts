import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { UNTIL_CONTINUE, type Due, type Piece, type WirePlay } from './fuzz-case.ts'
import { parseReplies, type ParsedReplies } from './parse-replies.ts'
import type { Played, PlayOptions } from './play.ts'

/** How long one waits for a reply that need not come. */
const PATIENCE_MS = 400
const LOOK_MS = 5

interface Connection {
  readonly socket: Socket
  readonly bytes: () => Buffer
  readonly isClosed: () => boolean
}

async function openConnection(url: string): Promise<Connection> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const chunks: Buffer[] = []
  let closed = false
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => undefined)
  socket.on('close', () => (closed = true))
  await once(socket, 'connect')
  return { socket, bytes: () => Buffer.concat(chunks), isClosed: () => closed }
}

async function until(isSo: () => boolean, ms: number): Promise<boolean> {
  const lateMs = Date.now() + ms
  while (!isSo()) {
    if (Date.now() > lateMs) return false
    await delay(LOOK_MS)
  }
  return true
}

async function write(
  { socket, bytes, isClosed }: Connection,
  pieces: readonly Piece[],
  boundMs: number,
): Promise<void> {
  for (const piece of pieces) {
    if (isClosed()) return
    if (typeof piece === 'number') await delay(piece)
    else if (piece === UNTIL_CONTINUE) await until(() => isClosed() || bytes().includes('HTTP/1.1 100 '), boundMs)
    else {
      socket.write(piece)
      await delay(0)
    }
  }
}

/** Bytes on a connection of their own, and the replies that come of them. */
export async function playWire(
  { pieces, end }: WirePlay,
  { due, least }: { readonly due: readonly Due[]; readonly least: number },
  { url, boundMs }: PlayOptions,
): Promise<Played> {
  const connection = await openConnection(url)
  const { socket, bytes, isClosed } = connection
  const methods = due.map(({ method }) => method)
  const look = (): ParsedReplies => parseReplies(bytes(), { methods, closed: isClosed() })
  const whole = (): number => look().replies.filter((reply) => reply.whole).length
  const isIncomprehensible = (): boolean => look().problem !== undefined
  try {
    await write(connection, pieces, boundMs)
    let inTime = true
    switch (end) {
      case 'stay':
        inTime = await until(() => isClosed() || isIncomprehensible() || whole() >= Math.max(least, 1), boundMs)
        if (whole() < due.length)
          await until(() => isClosed() || isIncomprehensible() || whole() >= due.length, PATIENCE_MS)
        break
      case 'half-close':
        socket.end()
        inTime = await until(isClosed, boundMs)
        break
      case 'leave':
        socket.destroy()
        break
      case 'reset':
        socket.resetAndDestroy()
        break
    }
    const isLeft = end !== 'stay'
    const { replies, problem } = look()
    const told = replies.slice(0, due.length).map((reply, index) => ({
      method: due[index]?.method ?? '',
      path: due[index]?.path ?? '',
      status: reply.status,
      headers: reply.headers,
      body: reply.body,
      left: !reply.whole,
    }))
    return {
      replies: told,
      problem: !inTime
        ? `no end within ${boundMs} ms`
        : isLeft
          ? undefined
          : (problem ??
            (replies.length > due.length ? `${replies.length} replies instead of ${due.length}` : undefined)),
    }
  } finally {
    socket.destroy()
  }
}
