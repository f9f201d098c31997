/**
 * A relay in front of the rehearsal that notes when each number of a `count to N` answer is handed to the CLI. Only the
 * way of tokens is measured through it: it costs a little time itself.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { nowMs } from './clock.ts'

export interface Tap extends AsyncDisposable {
  /** For `ANTHROPIC_BASE_URL`. */
  readonly url: string
  /** When each number was handed on, by number. */
  readonly handedOnAtMs: ReadonlyMap<number, number>
  forget(): void
}

const HOST = '127.0.0.1'
/** A text delta that is one number, in the rehearsal's events. */
const NUMBER = /"type":"text_delta","text":"\s*(\d+)"/g

/** Disposing of it ends every connection through it. */
export async function openTap(upstream: string): Promise<Tap> {
  const { port, hostname } = new URL(upstream)
  const handedOnAtMs = new Map<number, number>()
  const sockets = new Set<Socket>()
  const hold = (socket: Socket): void => {
    sockets.add(socket)
    socket.setNoDelay(true)
    // Whatever ends one side ends the other.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  }
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    hold(near)
    hold(far)
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
    near.pipe(far)
    far.on('data', (bytes) => {
      const atMs = nowMs()
      near.write(bytes)
      for (const [, number] of bytes.toString('latin1').matchAll(NUMBER)) handedOnAtMs.set(Number(number), atMs)
    })
  })
  server.listen(0, HOST)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a server that listens on a port has an address')
  return {
    url: `http://${HOST}:${address.port}`,
    handedOnAtMs,
    forget: () => handedOnAtMs.clear(),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
