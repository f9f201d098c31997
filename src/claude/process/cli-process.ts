/** One child of the CLI: started as the leader of a process group of its own, stopped with all of it. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { GatewayError, type Clock, type Observer, type StopCause } from '../../core/index.ts'
import { hasCode, readLines } from '../../lib/index.ts'
import { killMarked } from './stragglers.ts'

/** The longest line that is read from the CLI; a longer one ends the run as failed. */
const MAX_LINE_BYTES = 64 * 1024 * 1024
const STDERR_TAIL_CHARS = 4000
const LONG_CHARACTERS = 1024 * 1024

export interface Exit {
  readonly cause: StopCause
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The binary has changed since it was verified: no process of it may serve. */
export class CliReplacedError extends Error {
  override readonly name = 'CliReplacedError'
}

export interface StartOptions {
  readonly bin: string
  /** Throws where the file at `bin` is not the one that was verified. */
  readonly confirm?: () => void
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly directory: string
  readonly clock: Clock
  readonly observer: Observer
  /** For the log. */
  readonly agent: string
  readonly model: string
  /** Found in the environment of whatever it starts; given where it may start something. */
  readonly mark?: string
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

export class CliProcess implements AsyncDisposable {
  readonly pid: number
  /** Resolves when the child is gone and so is its group. Never rejects. */
  readonly exit: Promise<Exit>
  readonly #child: Child
  readonly #clock: Clock
  readonly #mark: string | undefined
  #stderrTail = ''
  #cause: StopCause | undefined
  #exited = false
  #stoppedAtMs: number | undefined

  /** @throws GatewayError `cli_unavailable` when it cannot be started; what `confirm` throws. */
  static async start(options: StartOptions): Promise<CliProcess> {
    options.confirm?.()
    const child: Child = spawn(options.bin, options.args, {
      cwd: options.directory,
      env: options.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', (cause) =>
        reject(new GatewayError('cli_unavailable', 'The Claude Code CLI could not be started.', { cause })),
      )
    })
    const started = new CliProcess(child, options)
    try {
      // The file may have been replaced just before it was run.
      options.confirm?.()
    } catch (error) {
      await started.stop('replaced')
      throw error
    }
    return started
  }

  private constructor(child: Child, { clock, observer, agent, model, mark }: StartOptions) {
    this.#child = child
    this.#clock = clock
    this.#mark = mark
    if (child.pid === undefined) throw new Error('a child that was spawned has a pid')
    this.pid = child.pid
    const startedAtMs = clock.nowMs()
    observer.observe({ type: 'process-started', pid: this.pid, agent, model })
    // A child that ends early breaks the pipe; its exit tells why.
    child.stdin.on('error', () => undefined)
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderrTail = (this.#stderrTail + text).slice(-STDERR_TAIL_CHARS)
    })
    this.exit = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#exited = true
        // What the child started and left behind would live on and hold its pipes open.
        this.#kill()
        const cause = this.#cause ?? 'exited'
        const stopping = this.#stoppedAtMs === undefined ? {} : { stoppingMs: clock.nowMs() - this.#stoppedAtMs }
        observer.observe({
          type: 'process-ended',
          pid: this.pid,
          cause,
          code,
          signal,
          ms: clock.nowMs() - startedAtMs,
          ...stopping,
        })
        resolve({ cause, code, signal })
      })
    })
  }

  /** The last of what it wrote to stderr, for the log. */
  get stderrTail(): string {
    return this.#stderrTail
  }

  /** Its stdout; for one reader. Reading slowly slows the child down. Ends with the child. */
  lines(): AsyncGenerator<string, void, undefined> {
    return readLines(this.#child.stdout, { maxBytes: MAX_LINE_BYTES })
  }

  /** Resolves when the child can take more; what is written to a child that is gone is lost, and its exit tells so. */
  async write(text: string): Promise<void> {
    const { stdin } = this.#child
    // Encoding a long text takes a while: what made the text and what follows are other turns of the event loop.
    if (text.length > LONG_CHARACTERS) await setImmediate()
    if (!stdin.writable || stdin.write(text)) return
    const drained = Promise.withResolvers<void>()
    stdin.once('drain', drained.resolve)
    await Promise.race([drained.promise, this.exit])
    stdin.off('drain', drained.resolve)
  }

  endInput(): void {
    this.#child.stdin.end()
  }

  /** Whether it has exited. */
  get exited(): boolean {
    return this.#exited
  }

  /**
   * Asks the child to end: its input is closed, then it gets TERM, then it is killed, each after `graceMs` more. For a
   * child that is kept and idle, which ends within 50 ms of its input. The first cause is kept.
   */
  async end(cause: StopCause, { graceMs }: { readonly graceMs: number }): Promise<Exit> {
    if (this.#exited || this.#cause !== undefined) return await this.exit
    this.#cause = cause
    this.#stoppedAtMs = this.#clock.nowMs()
    this.#child.stdin.end()
    using _term = this.#clock.after(graceMs, () => this.#signal('SIGTERM'))
    using _kill = this.#clock.after(2 * graceMs, () => this.#kill())
    return await this.exit
  }

  /**
   * Ends the child, its group and whatever else it started. It is killed at once: that is safe for its files, closes its
   * request to the model within 20 ms, and, other than TERM, never lets it begin another. The first cause is kept.
   */
  async stop(cause: StopCause): Promise<Exit> {
    this.#cause ??= cause
    this.#stoppedAtMs ??= this.#clock.nowMs()
    if (!this.#exited) this.#kill()
    return await this.exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('done')
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal)
    } catch (error) {
      // It is gone already, or holds only what is not ours to end.
      if (!hasCode(error, 'ESRCH', 'EPERM')) throw error
    }
  }

  #kill(): void {
    this.#signal('SIGKILL')
    if (this.#mark !== undefined) killMarked(this.#mark)
  }
}
