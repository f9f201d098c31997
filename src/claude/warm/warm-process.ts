/**
 * One process that is kept: it carries out the steps of an alignment, is asked, is interrupted, and knows what it holds.
 * Used by one lease at a time; nothing is read from it while nobody uses it.
 */
import { randomUUID } from 'node:crypto'
import type { Clock, Observer, StopCause } from '../../core/index.ts'
import { ownMemoryMb, SEED_QUESTION, type CliProcess } from '../process/index.ts'
import {
  encodeBoundaryLine,
  encodePastAssistantLine,
  encodePastUserLine,
  encodeSentinelLine,
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
import { ANSWER_MS, Dialogue, ProcessLostError } from './dialogue.ts'

export interface WarmProcessOptions {
  readonly held: Held
  readonly abilities: Abilities
  /** How long it may take to answer a request. */
  readonly answerMs?: number
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

/** A message that is taken back before anything is asked. */
const PASSING: Turn = { role: 'user', text: 'Hello.' }

const isAccepted = ({ problem }: ControlAnswer): boolean => problem === undefined

export class WarmProcess {
  readonly startedAtMs: number
  /** Whose conversations it has held; it never holds another's. */
  tenant: string | undefined
  /** How many questions it was asked. */
  turns = 0
  readonly #child: CliProcess
  readonly #dialogue: Dialogue
  readonly #abilities: Abilities
  readonly #answerMs: number
  readonly #clock: Clock
  readonly #observer: Observer
  #held: Held
  #asked: Asked | undefined
  #costUsd = 0
  /** The name under which the client's functions are offered. */
  #server = ''

  constructor(child: CliProcess, { held, abilities, answerMs = ANSWER_MS, clock, observer }: WarmProcessOptions) {
    this.#child = child
    this.#held = held
    this.#abilities = abilities
    this.#answerMs = answerMs
    this.#clock = clock
    this.#observer = observer
    this.startedAtMs = clock.nowMs()
    this.#dialogue = new Dialogue(child, {
      answerMs,
      clock,
      observer,
      follow: (message) => this.#follow(message),
      functions: () => this.#held.functions,
    })
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
    await this.#dialogue.answered(ms)
  }

  /** Leaves behind what it went on from, but for the blank note; before anything else. */
  async leaveSeed({ ms }: { readonly ms: number }): Promise<void> {
    await this.#dialogue.request(rewindRequest({ target: SEED_QUESTION }), isRewound)
    await this.#dialogue.answered(ms)
  }

  /** Tells it something and takes it back, so that what that takes has been done before. Needs `replay` and `rewind`. */
  async warmUp({ ms }: { readonly ms: number }): Promise<void> {
    await this.prepare([{ type: 'replay', turns: [PASSING] }], { ms })
    await this.prepare([{ type: 'rewind', uuids: this.#heldUuids() }], { ms })
  }

  /** Waits until it answers at all; for a process that is to be told its system prompt later. */
  async ping({ ms }: { readonly ms: number }): Promise<void> {
    await this.#dialogue.request({ subtype: 'get_binary_version' }, () => true)
    await this.#dialogue.answered(ms)
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
          await this.#dialogue.request(setModelRequest({ model: this.#held.model, system: step.system }), isAccepted)
          this.#hold({ system: step.system })
          break
        case 'set-model':
          await this.#switchModel(step.model)
          break
        case 'offer':
          await this.#offer(step.functions)
          break
        case 'set':
          await this.#dialogue.request(settingsRequest(step.settings, { server: this.#server }), isAccepted)
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
  next(signal: AbortSignal): Promise<CliMessage> {
    return this.#dialogue.next(signal)
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
    await this.#dialogue.within(ms, () => this.#settle(left, ms))
  }

  /** Ends it; at once where it may be busy, else as it likes within `graceMs`. The first cause is kept. */
  async stop(cause: StopCause, { graceMs }: { readonly graceMs?: number } = {}): Promise<void> {
    await (graceMs === undefined ? this.#child.stop(cause) : this.#child.end(cause, { graceMs }))
    await this.#dialogue.close()
  }

  async #settle({ said, whole }: { readonly said: string; readonly whole: boolean }, ms: number): Promise<void> {
    const asked = this.#asked
    if (asked === undefined) return await this.#dialogue.answered(this.#answerMs)
    const answer: readonly Turn[] = said.trim() === '' ? [] : [{ role: 'assistant', text: said }]
    if (whole && asked.over && asked.requests === 1 && answer.length > 0) {
      this.#asked = undefined
      this.#hold({ rows: [...this.#held.rows, toRow(asked.turn, asked.uuid), ...answer] })
      return
    }
    if (!asked.over && !asked.calls && !this.#abilities.interrupt)
      throw new ProcessLostError('its question cannot be ended')
    const withdrawn = asked.over || asked.calls ? false : await this.#interrupt(asked, ms)
    if (asked.calls && !asked.over) await this.#dialogue.until(() => asked.over)
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

  #heldUuids(): readonly string[] {
    return this.#held.rows.flatMap(({ uuid }) => (uuid === undefined ? [] : [uuid]))
  }

  async #open(system: string): Promise<void> {
    await this.#dialogue.request(initializeRequest({ system }), isAccepted)
    await this.#dialogue.write(encodeSentinelLine())
    this.#hold({ system })
  }

  /**
   * The CLI notes the change where the conversation stands. A boundary leaves behind what stands there; it would leave the
   * seed behind too, so in its place a message is told before and taken back with the note, which 2.1.197 refuses.
   */
  async #switchModel(model: string): Promise<void> {
    const isSeeded = this.#abilities.environmentNote === 'removable'
    if (isSeeded) await this.#replayInSteps([PASSING], NEVER)
    await this.#dialogue.request(setModelRequest({ model }), isAccepted)
    await this.#dialogue.answered(this.#answerMs)
    if (isSeeded) await this.#rewind(this.#heldUuids())
    else await this.#dialogue.write(encodeBoundaryLine() + encodeSentinelLine())
    this.#hold({ model })
  }

  async #offer(functions: Held['functions']): Promise<void> {
    this.#server = serverName(functions)
    await this.#dialogue.request(serversRequest(functions.length === 0 ? undefined : this.#server), isConnected)
    this.#hold({ functions })
  }

  async #ask(turn: Turn): Promise<void> {
    const uuid = randomUUID()
    this.turns++
    this.#asked = { uuid, turn, requests: 0, calls: false, over: false }
    await this.#dialogue.write(encodeUserLine(turn, { uuid, server: this.#server }))
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
      if (together.length > 0) await this.#dialogue.write(together.map((turn) => this.#toldLine(turn)).join(''))
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
      if (turn.role === 'assistant') await this.#dialogue.write(encodePastAssistantLine(turn, { server: this.#server }))
      else {
        const uuid = randomUUID()
        row = toRow(turn, uuid)
        await this.#dialogue.write(encodePastUserLine(turn, { uuid, server: this.#server }))
        await this.#dialogue.within(this.#answerMs, () => this.#dialogue.until(isTaken))
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
    for (const request of requests) await this.#dialogue.request(request, isRewound)
    await this.#dialogue.answered(this.#answerMs)
  }

  /** Ends the question under way; resolves to whether it was withdrawn before it began. */
  async #interrupt(asked: Asked, ms: number): Promise<boolean> {
    const startedMs = this.#clock.nowMs()
    let withdrawn = false
    let recovered = false
    try {
      await this.#dialogue.request(interruptRequest, (answer) => {
        withdrawn = isWithdrawn(answer, asked.uuid)
        return answer.problem === undefined
      })
      await this.#dialogue.within(ms, () =>
        this.#dialogue.until(() => this.#dialogue.isAnswered && (withdrawn || asked.over)),
      )
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
}

/** A signal that never aborts. */
const NEVER = new AbortController().signal
