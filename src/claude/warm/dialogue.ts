/**
 * What is written to a process that is kept and read from it: requests are matched with their answers, and what the process
 * asks of us is answered. Nothing is read while nobody waits for it.
 */
import { randomUUID } from 'node:crypto'
import type { ClientFunction, Clock, Observer } from '../../core/index.ts'
import { LineTooLongError, orAborted } from '../../lib/index.ts'
import type { CliProcess } from '../process/index.ts'
import {
  answerServer,
  decodeLine,
  encodeControlLine,
  encodeRefusalLine,
  encodeServerLine,
  type CliMessage,
  type ControlAnswer,
} from '../protocol/index.ts'

/** A healthy process answers a control request within 40 ms, also under load. */
export const ANSWER_MS = 5000

/** `late`: a limit was reached. `ended`: its output ended. `refused`: it did something else than it was asked for. */
type Loss = 'late' | 'ended' | 'refused'

/** The process is gone, or what it holds is not certain; it must not be used again. */
export class ProcessLostError extends Error {
  override readonly name = 'ProcessLostError'
  readonly why: Loss
  constructor(message: string, { why = 'refused', ...options }: ErrorOptions & { readonly why?: Loss } = {}) {
    super(message, options)
    this.why = why
  }
}

export interface DialogueOptions {
  /** How long it may take to answer a request, or to read what it is sent. */
  readonly answerMs: number
  readonly clock: Clock
  readonly observer: Observer
  /** Sees every message that is not between the two of us alone, and may change it. */
  readonly follow: (message: CliMessage) => CliMessage
  /** What the process is told that the client offers. */
  readonly functions: () => readonly ClientFunction[]
}

/** Every method throws `ProcessLostError` where the process ends, refuses what it is told, or does not answer in time. */
export class Dialogue {
  readonly #child: CliProcess
  readonly #lines: AsyncGenerator<string, void, undefined>
  readonly #options: DialogueOptions
  /** The answers that are still to come, and what makes them good ones. */
  readonly #expected = new Map<string, (answer: ControlAnswer) => boolean>()
  #head: Promise<CliMessage> | undefined

  constructor(child: CliProcess, options: DialogueOptions) {
    this.#child = child
    this.#lines = child.lines()
    this.#options = options
  }

  /** Whether everything that was requested has been answered. */
  get isAnswered(): boolean {
    return this.#expected.size === 0
  }

  /** One that does not read what it is told is as good as gone. */
  async write(text: string): Promise<void> {
    await this.within(this.#options.answerMs, () => this.#child.write(text))
  }

  /** Its answer is read with whatever is read next, and must be a good one. */
  async request(request: object, isGood: (answer: ControlAnswer) => boolean): Promise<void> {
    const requestId = randomUUID()
    this.#expected.set(requestId, isGood)
    await this.write(encodeControlLine(request, { requestId }))
  }

  /** Waits until everything that was requested is answered, and well. */
  async answered(ms: number): Promise<void> {
    if (!this.isAnswered) await this.within(ms, () => this.until(() => this.isAnswered))
  }

  /** The next message to whoever asked; an abort leaves it to the next call, and throws the signal's reason. */
  async next(signal: AbortSignal): Promise<CliMessage> {
    for (;;) {
      const message = await orAborted(this.#peek(), signal)
      this.#head = undefined
      if (this.#isOurs(message)) continue
      if (message.type === 'answer-start' && !this.isAnswered)
        throw new ProcessLostError('it was asked, but has not confirmed what it was told before')
      return this.#options.follow(message)
    }
  }

  /** Reads until a message fits, whichever it is. */
  async until(fits: (message: CliMessage) => boolean): Promise<void> {
    for (;;) {
      const message = await this.#peek()
      this.#head = undefined
      if (!this.#isOurs(message)) this.#options.follow(message)
      if (fits(message)) return
    }
  }

  async within<T>(ms: number, work: () => Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>()
    using _timer = this.#options.clock.after(ms, () =>
      late.reject(new ProcessLostError(`a process did not answer within ${ms} ms`, { why: 'late' })),
    )
    return await Promise.race([work(), late.promise])
  }

  async close(): Promise<void> {
    await this.#lines.return?.()
  }

  /** The message that comes next; it stays the next one until it is taken. */
  #peek(): Promise<CliMessage> {
    if (this.#head === undefined) {
      this.#head = this.#read()
      // Whoever waits for it sees its failure; nobody may be waiting when it comes.
      this.#head.catch(() => undefined)
    }
    return this.#head
  }

  /** Whether a message is between us and the process alone. */
  #isOurs(message: CliMessage): boolean {
    if (message.type === 'control-request') {
      const { requestId, toServer } = message
      // One that asks and does not read the answer is found out by whoever uses it next.
      this.write(
        toServer === undefined
          ? encodeRefusalLine(requestId)
          : encodeServerLine(requestId, answerServer(toServer, this.#options.functions())),
      ).catch(() => undefined)
      return true
    }
    if (message.type !== 'control-answer') return false
    const isGood = this.#expected.get(message.requestId)
    this.#expected.delete(message.requestId)
    if (isGood !== undefined && !isGood(message))
      throw new ProcessLostError(
        `it refused a request: ${message.problem ?? JSON.stringify(message.fields).slice(0, 200)}`,
      )
    return true
  }

  async #read(): Promise<CliMessage> {
    for (;;) {
      let line: IteratorResult<string, void>
      try {
        line = await this.#lines.next()
      } catch (cause) {
        if (!(cause instanceof LineTooLongError)) throw cause
        throw new ProcessLostError('it answered with more than can be read', { cause })
      }
      if (line.done === true) throw new ProcessLostError('it has ended', { why: 'ended' })
      const decoded = decodeLine(line.value)
      if (decoded.ok) return decoded.message
      this.#options.observer.observe({ type: 'line-ignored', problem: decoded.problem })
    }
  }
}
