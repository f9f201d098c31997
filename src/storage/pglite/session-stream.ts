import { Duplex } from 'node:stream'

/** How a connection of `pg` reaches a database that is no socket away. */
export interface SessionPort {
  connect(): void
  send(bytes: Uint8Array): void
}

const TERMINATE = 'X'.charCodeAt(0)

/** What `pg` takes for the socket of one connection. Messages that it writes together are sent together. */
export class SessionStream extends Duplex {
  readonly #port: SessionPort

  constructor(port: SessionPort) {
    super()
    this.#port = port
  }

  /** The database has answered. */
  deliver(bytes: Uint8Array): void {
    if (!this.destroyed) this.push(Buffer.from(bytes))
  }

  connect(): this {
    this.#port.connect()
    queueMicrotask(() => this.emit('connect'))
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  override _read(): void {
    // Answers are delivered as they come.
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    // The word that ends a connection would end the session, and so the database.
    if (chunk[0] !== TERMINATE) this.#port.send(chunk)
    done()
  }

  override _writev(chunks: { readonly chunk: Uint8Array }[], done: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'utf8', done)
  }

  override _final(done: () => void): void {
    this.push(null)
    done()
  }
}
