/**
 * One process that is kept: it carries out the steps of an alignment, is asked, is interrupted, and knows what it holds.
 * Used by one lease at a time; nothing is read from it while nobody uses it.
 */
import { randomUUID } from 'node:crypto'
import type { Clock, Observer, StopCause } from '../../core/index.ts'
import { LineTooLongError, orAborted } from '../../lib/index.ts'
import { ownMemoryMb, type CliProcess } from '../process/index.ts'
import {
  answerServer,
  decodeLine,
  encodeBoundaryLine,
  encodeControlLine,
  encodePastAssistantLine,
  encodePastUserLine,
  encodeRefusalLine,
  encodeSentinelLine,
  encodeServerLine,
  encodeToldUserLine,
  encodeUserLine,
  hasResults,
  initializeRequest,
  interruptRequest,
  isConnected,
  isRewound,
  isWithdrawn,
  rewindRequest,
  serverName,
  serversRequest,
  setModelRequest,
  settingsRequest,
  type CliMessage,
  type ControlAnswer,
  type Turn,
} from '../protocol/index.ts'
import type { Abilities } from './abilities.ts'
import { isToldAlone, type Held, type Row, type Step } from './align.ts'

/** A healthy process answers a control request within 40 ms, also under load. */
const ANSWER_MS = 5000

/** The process is gone, or what it holds is not certain; it must not be used again. */
export class ProcessLostError extends Error {
  override readonly name = 'ProcessLostError'
}

export interface WarmProcessOptions {
  readonly held: Held
  readonly abilities: Abilities
  readonly clock: Clock
  readonly observer: Observer
}

/** A question, from when it is asked until the process is settled again. */
interface Asked {
  readonly uuid: string
  readonly turn: Turn
  /** How often the model was asked: more than once leaves messages in the transcript that nobody here knows. */
  requests: number
  /** The model wants something called: the CLI ends the turn by itself, without asking again. */
  calls: boolean
  /** Its result has come: nothing more of it will. */
  over: boolean
}

/** A message of an earlier turn is in the transcript. */
const isTaken = (message: CliMessage): boolean => {
  if (message.type !== 'result') return false
  if (message.isError) throw new ProcessLostError(`it did not take an earlier message: ${message.text.slice(0, 200)}`)
  return true
}

/** A message that can be rewound to, unless it tells what came of calls. */
const toRow = (turn: Turn, uuid: string): Row => (hasResults(turn) ? turn : { ...turn, uuid })

const isAccepted = ({ problem }: ControlAnswer): boolean => problem === undefined

export class WarmProcess {
  readonly startedAtMs: number
  /** Whose conversations it has held; it never holds another's. */
  tenant: string | undefined
  /** How many questions it was asked. */
  turns = 0
  readonly #child: CliProcess
  readonly #lines: AsyncGenerator<string, void, undefined>
  readonly #abilities: Abilities
  readonly #clock: Clock
  readonly #observer: Observer
  /** The answers that are still to come, and what makes them good ones. */
  readonly #expected = new Map<string, (answer: ControlAnswer) => boolean>()
  #held: Held
  #head: Promise<CliMessage> | undefined
  #asked: Asked | undefined
  #costUsd = 0
  /** The name under which the client's functions are offered. */
  #server = ''

  constructor(child: CliProcess, { held, abilities, clock, observer }: WarmProcessOptions) {
    this.#child = child
    this.#lines = child.lines()
    this.#held = held
    this.#abilities = abilities
    this.#clock = clock
    this.#observer = observer
    this.startedAtMs = clock.nowMs()
  }

  get pid(): number {
    return this.#child.pid
  }

  get exit(): CliProcess['exit'] {
    return this.#child.exit
  }

  get held(): Held {
    return this.#held
  }

  get stderrTail(): string {
    return this.#child.stderrTail
  }

  memoryMb(): Promise<number | undefined> {
    return ownMemoryMb(this.pid)
  }

  /** Carries out steps that do not ask, and waits until they are done. @throws ProcessLostError when it takes longer than `ms`. */
  async prepare(steps: readonly Step[], { ms }: { readonly ms: number }): Promise<void> {
    await this.perform(steps, { signal: NEVER })
    await this.#answered(ms)
  }

  /** Tells it something and takes it back, so that what that takes has been done before. Needs `replay` and `rewind`. */
  async warmUp({ ms }: { readonly ms: number }): Promise<void> {
    await this.prepare([{ type: 'replay', turns: [{ role: 'user', text: 'Hello.' }] }], { ms })
    const uuids = this.#held.rows.flatMap(({ uuid }) => (uuid === undefined ? [] : [uuid]))
    await this.prepare([{ type: 'rewind', uuids }], { ms })
  }

  /** Waits until it answers at all; for a process that is to be told its system prompt later. */
  async ping({ ms }: { readonly ms: number }): Promise<void> {
    await this.#request({ subtype: 'get_binary_version' }, () => true)
    await this.#answered(ms)
  }

  /**
   * Carries out the steps; the last one asks, and its messages come from `next`.
   * @throws ProcessLostError when a step fails; the signal's reason between two steps.
   */
  async perform(steps: readonly Step[], { signal }: { readonly signal: AbortSignal }): Promise<void> {
    for (const step of steps) {
      signal.throwIfAborted()
      switch (step.type) {
        case 'open':
          await this.#open(step.system)
          break
        case 'rewind':
          await this.#rewind(step.uuids)
          break
        case 'set-system':
          await this.#request(setModelRequest({ model: this.#held.model, system: step.system }), isAccepted)
          this.#hold({ system: step.system })
          break
        case 'set-model':
          await this.#switchModel(step.model)
          break
        case 'offer':
          await this.#offer(step.functions)
          break
        case 'set':
          await this.#request(settingsRequest(step.settings, { server: this.#server }), isAccepted)
          this.#hold({ settings: step.settings })
          break
        case 'replay':
          await this.#replay(step.turns, signal)
          break
        case 'ask':
          await this.#ask(step.turn)
          break
      }
    }
  }

  /**
   * The next message of the question under way; the last one is its result. An abort leaves the message to the next call.
   * @throws ProcessLostError when it is gone or has not done as it was told; the signal's reason.
   */
  async next(signal: AbortSignal): Promise<CliMessage> {
    for (;;) {
      const message = await orAborted(this.#peek(), signal)
      this.#head = undefined
      if (this.#isOurs(message)) continue
      if (message.type === 'answer-start') this.#checkAnswered()
      return this.#follow(message)
    }
  }

  /**
   * Brings it to rest after a question, however that ended: `said` is what its transcript shall hold as the answer, and
   * `whole` that this is all that the model said. What is under way is interrupted first.
   * @throws ProcessLostError when it cannot be done within `ms`.
   */
  async settle({
    ms,
    ...left
  }: {
    readonly said: string
    readonly whole: boolean
    readonly ms: number
  }): Promise<void> {
    await this.#within(ms, () => this.#settle(left, ms))
  }

  /** Ends it; at once where it may be busy, else as it likes within `graceMs`. The first cause is kept. */
  async stop(cause: StopCause, { graceMs }: { readonly graceMs?: number } = {}): Promise<void> {
    await (graceMs === undefined ? this.#child.stop(cause) : this.#child.end(cause, { graceMs }))
    await this.#lines.return?.()
  }

  async #settle({ said, whole }: { readonly said: string; readonly whole: boolean }, ms: number): Promise<void> {
    const asked = this.#asked
    if (asked === undefined) return await this.#answered(ANSWER_MS)
    const answer: readonly Turn[] = said.trim() === '' ? [] : [{ role: 'assistant', text: said }]
    if (whole && asked.over && asked.requests === 1 && answer.length > 0) {
      this.#asked = undefined
      this.#hold({ rows: [...this.#held.rows, toRow(asked.turn, asked.uuid), ...answer] })
      return
    }
    if (!asked.over && !asked.calls && !this.#abilities.interrupt)
      throw new ProcessLostError('its question cannot be ended')
    const withdrawn = asked.over || asked.calls ? false : await this.#interrupt(asked, ms)
    if (asked.calls && !asked.over) await this.#until(() => asked.over)
    this.#asked = undefined
    if (!withdrawn) {
      if (this.#abilities.rewind === 'none') throw new ProcessLostError('its last question cannot be taken back')
      await this.#takeBackAsked(asked)
    }
    // Told in bulk, what was delivered comes at no cost with the next request, in the form that the client gives it.
    // What answers results is told with the calls that led to them, which are gone with the question.
    if (answer.length === 0 || hasResults(asked.turn) || this.#abilities.replay !== 'steps') return
    await this.#replayInSteps([asked.turn, ...answer], NEVER)
  }

  #hold(change: Partial<Held>): void {
    this.#held = { ...this.#held, ...change }
  }

  async #open(system: string): Promise<void> {
    await this.#request(initializeRequest({ system }), isAccepted)
    await this.#write(encodeSentinelLine())
    this.#hold({ system })
  }

  /** The CLI notes the change where the conversation stands, so what stands there is left behind. */
  async #switchModel(model: string): Promise<void> {
    await this.#request(setModelRequest({ model }), isAccepted)
    await this.#answered(ANSWER_MS)
    await this.#write(encodeBoundaryLine() + encodeSentinelLine())
    this.#hold({ model })
  }

  async #offer(functions: Held['functions']): Promise<void> {
    this.#server = serverName(functions)
    await this.#request(serversRequest(functions.length === 0 ? undefined : this.#server), isConnected)
    this.#hold({ functions })
  }

  async #ask(turn: Turn): Promise<void> {
    const uuid = randomUUID()
    this.turns++
    this.#asked = { uuid, turn, requests: 0, calls: false, over: false }
    await this.#write(encodeUserLine(turn, { uuid, server: this.#server }))
  }

  /**
   * Puts earlier messages into the transcript. A user's message is waited for, since answers that are written before it is
   * taken in overtake it. Where a process takes them in bulk only the first of a transcript is: by it the CLI
   * tells the conversation apart, and to it the transcript can be rewound.
   */
  async #replay(turns: readonly Turn[], signal: AbortSignal): Promise<void> {
    if (this.#abilities.replay !== 'bulk') return await this.#replayInSteps(turns, signal)
    let rest = turns
    while (rest.length > 0) {
      const alone = this.#held.rows.length === 0 ? 0 : rest.findIndex(isToldAlone)
      const together = alone < 0 ? rest : rest.slice(0, alone)
      if (together.length > 0) await this.#write(together.map((turn) => this.#toldLine(turn)).join(''))
      this.#hold({ rows: [...this.#held.rows, ...together] })
      rest = rest.slice(together.length)
      await this.#replayInSteps(rest.slice(0, 1), signal)
      rest = rest.slice(1)
    }
  }

  #toldLine(turn: Turn): string {
    return turn.role === 'assistant'
      ? encodePastAssistantLine(turn, { server: this.#server })
      : encodeToldUserLine(turn.text)
  }

  async #replayInSteps(turns: readonly Turn[], signal: AbortSignal): Promise<void> {
    for (const turn of turns) {
      signal.throwIfAborted()
      let row: Row = turn
      if (turn.role === 'assistant') await this.#write(encodePastAssistantLine(turn, { server: this.#server }))
      else {
        const uuid = randomUUID()
        row = toRow(turn, uuid)
        await this.#write(encodePastUserLine(turn, { uuid, server: this.#server }))
        await this.#within(ANSWER_MS, () => this.#until(isTaken))
      }
      this.#hold({ rows: [...this.#held.rows, row] })
    }
  }

  /** One that tells what came of calls is no place to rewind to: the message that led to the calls goes with it. */
  async #takeBackAsked({ turn, uuid }: Asked): Promise<void> {
    if (!hasResults(turn)) return await this.#takeBack([uuid])
    const before = this.#held.rows.findLast((row) => row.uuid !== undefined)?.uuid
    if (before === undefined) throw new ProcessLostError('it holds nothing to go back to')
    await this.#rewind([before])
  }

  async #rewind(uuids: readonly string[]): Promise<void> {
    const first = this.#held.rows.findIndex(({ uuid }) => uuid === uuids.at(-1))
    await this.#takeBack(uuids)
    this.#hold({ rows: this.#held.rows.slice(0, first) })
  }

  /** Takes user messages out, newest first, and waits until it is done: nothing is asked on top of what should be gone. */
  async #takeBack(uuids: readonly string[]): Promise<void> {
    const [newest] = uuids
    const oldest = uuids.at(-1)
    if (newest === undefined || oldest === undefined) return
    const requests =
      this.#abilities.rewind === 'jump' && uuids.length > 1
        ? [rewindRequest({ target: oldest, newest })]
        : uuids.map((target) => rewindRequest({ target }))
    for (const request of requests) await this.#request(request, isRewound)
    await this.#answered(ANSWER_MS)
  }

  /** Ends the question under way; resolves to whether it was withdrawn before it began. */
  async #interrupt(asked: Asked, ms: number): Promise<boolean> {
    const startedMs = this.#clock.nowMs()
    let withdrawn = false
    let recovered = false
    try {
      await this.#request(interruptRequest, (answer) => {
        withdrawn = isWithdrawn(answer, asked.uuid)
        return answer.problem === undefined
      })
      await this.#within(ms, () => this.#until(() => this.#expected.size === 0 && (withdrawn || asked.over)))
      recovered = true
    } finally {
      this.#observer.observe({
        type: 'turn-interrupted',
        pid: this.pid,
        ms: this.#clock.nowMs() - startedMs,
        recovered,
      })
    }
    return withdrawn
  }

  /** One that does not read what it is told is as good as gone. */
  async #write(text: string): Promise<void> {
    await this.#within(ANSWER_MS, () => this.#child.write(text))
  }

  async #request(request: object, isGood: (answer: ControlAnswer) => boolean): Promise<void> {
    const requestId = randomUUID()
    this.#expected.set(requestId, isGood)
    await this.#write(encodeControlLine(request, { requestId }))
  }

  /** Waits until everything that was requested is answered, and well. */
  async #answered(ms: number): Promise<void> {
    if (this.#expected.size > 0) await this.#within(ms, () => this.#until(() => this.#expected.size === 0))
  }

  #checkAnswered(): void {
    if (this.#expected.size > 0)
      throw new ProcessLostError('it was asked, but has not confirmed what it was told before')
  }

  /** Reads until a message fits, whichever it is. */
  async #until(fits: (message: CliMessage) => boolean): Promise<void> {
    for (;;) {
      const message = await this.#peek()
      this.#head = undefined
      if (!this.#isOurs(message)) this.#follow(message)
      if (fits(message)) return
    }
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

  async #within<T>(ms: number, work: () => Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>()
    using _timer = this.#clock.after(ms, () => late.reject(new ProcessLostError(`it did not answer within ${ms} ms`)))
    return await Promise.race([work(), late.promise])
  }

  /** Whether a message is between us and the process alone. @throws ProcessLostError when it refuses what it was told. */
  #isOurs(message: CliMessage): boolean {
    if (message.type === 'control-request') {
      const { requestId, toServer } = message
      // One that asks and does not read the answer is found out by whoever uses it next.
      this.#write(
        toServer === undefined
          ? encodeRefusalLine(requestId)
          : encodeServerLine(requestId, answerServer(toServer, this.#held.functions)),
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

  #follow(message: CliMessage): CliMessage {
    const asked = this.#asked
    if (asked === undefined) return message
    if (message.type === 'answer-start') asked.requests++
    if (message.type === 'answer-end') asked.calls ||= message.stopReason === 'tool_use'
    if (message.type !== 'result') return message
    asked.over = true
    if (message.costUsd === undefined) return message
    // The process counts on from turn to turn.
    const costUsd = message.costUsd - this.#costUsd
    this.#costUsd = message.costUsd
    return { ...message, costUsd }
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
      if (line.done === true) throw new ProcessLostError('it has ended')
      const decoded = decodeLine(line.value)
      if (decoded.ok) return decoded.message
      this.#observer.observe({ type: 'line-ignored', problem: decoded.problem })
    }
  }
}

/** A signal that never aborts. */
const NEVER = new AbortController().signal
