/**
 * The books of a soak: what every request wanted, what the model API was sent for it, what its client heard. Whatever does
 * not fit is a violation.
 */
import type { RehearsedRequest } from '../../src/rehearsal/index.ts'
import type { Outcome } from './client.ts'
import { problemOf } from './compare.ts'
import { beforeStop, expectedReply, type ExpectedReply } from './expected-reply.ts'
import { conversationsIn } from './markers.ts'
import { processOf, toSent, type Sent } from './sent.ts'
import type { Wanted } from './wanted.ts'

export interface Violation {
  readonly what: string
  readonly conversation?: number
  readonly turn?: number
  readonly detail: string
}

/** One request of a client. */
export interface Ask {
  readonly conversation: number
  readonly turn: number
  readonly tenant: string
  /** One of these is to be sent; more than one where the client cannot know whether its last turn was taken. */
  readonly wanted: readonly Wanted[]
  readonly stopTexts: readonly string[]
  /** What was sent for it: which of the wanted, and what the model says to it. */
  readonly sent: { readonly wanted: number; readonly reply: ExpectedReply }[]
  /** A newer request of the client takes its place. */
  superseded: boolean
  /** The client left it. */
  left: boolean
}

/** A process that was killed costs at most the turn that it serves, and that soon. */
const KILL_TELLS_MS = 15_000
const MAX_KEPT_VIOLATIONS = 40

/** How the CLI begins when it has an answer carried on that broke off. */
const CARRY_ON = ['Output token limit hit', '[Your previous response ', 'Your response above was ']

/** What was asked before the CLI had the answer to it carried on, as often as it has; `undefined` where it has not. */
function beforeCarryOn(sent: Sent): Sent | undefined {
  const last = sent.said.at(-1)
  if (last?.role !== 'user' || !CARRY_ON.some((beginning) => last.text.startsWith(beginning))) return undefined
  const said = sent.said.slice(0, -1)
  const before = { ...sent, said: said.at(-1)?.role === 'assistant' ? said.slice(0, -1) : said }
  return beforeCarryOn(before) ?? before
}

export class Ledger {
  readonly violations: Violation[] = []
  violated = 0
  bodies = 0
  /** Requests of the CLI's own to have an answer carried on. */
  carriedOn = 0
  /** More than one request to the model for one question; where nothing went wrong the client left, and asked it once more. */
  askedAgain = 0
  askedAgainUntold = 0
  thoughts = 0
  answered = 0
  left = 0
  failed = 0
  /** Failures that a kill explains. */
  killed = 0
  /** Turns that were refused because they would have waited too long. */
  refused = 0
  readonly failuresByCode = new Map<string, number>()
  readonly #asks = new Map<number, Ask[]>()
  /** Whom each process has served. */
  readonly #tenants = new Map<string, string>()
  readonly #kills: { readonly atMs: number; isToldOf: boolean }[] = []

  violate(violation: Violation): void {
    this.violated++
    if (this.violations.length < MAX_KEPT_VIOLATIONS) this.violations.push(violation)
  }

  /** A request that is about to be sent. */
  open(request: Omit<Ask, 'sent' | 'superseded' | 'left' | 'turn'>): Ask {
    const asks = this.#asks.get(request.conversation) ?? []
    const ask: Ask = { ...request, turn: asks.length, sent: [], superseded: false, left: false }
    this.#asks.set(request.conversation, [...asks, ask])
    return ask
  }

  /** A process was killed from outside. */
  noteKill(): void {
    this.#kills.push({ atMs: Date.now(), isToldOf: false })
  }

  /** Takes down what the model API was sent; before it answers. */
  take(request: RehearsedRequest): void {
    this.bodies++
    const conversations = conversationsIn(request.rawBody)
    const [conversation] = conversations
    if (conversation === undefined)
      return this.violate({ what: 'a request of nobody', detail: request.rawBody.slice(0, 1000) })
    const sent = toSent(request)
    if (conversations.length > 1)
      this.violate({ what: 'texts of several conversations', conversation, detail: conversations.join(', ') })
    if (sent.additions.some((text) => conversationsIn(text).length > 0))
      this.violate({
        what: 'a text among what the CLI says',
        conversation,
        detail: sent.additions.join('\n').slice(0, 1000),
      })
    this.thoughts += sent.thoughts
    const ask = this.#attribute(conversation, request, sent)
    if (ask !== undefined) this.#noteTenant(ask, processOf(request))
  }

  /** Which of the conversation's requests it is for, the newest first. */
  #attribute(conversation: number, request: RehearsedRequest, sent: Sent): Ask | undefined {
    const asks = (this.#asks.get(conversation) ?? []).toReversed()
    const earlier = beforeCarryOn(sent)
    for (const ask of asks) {
      const index = ask.wanted.findIndex((wanted) => problemOf(wanted, sent) === undefined)
      if (index >= 0) {
        if (ask.sent.length > 0) this.#noteAskedAgain(ask)
        ask.sent.push({ wanted: index, reply: expectedReply(request) })
        return ask
      }
      if (earlier === undefined || ask.sent.length === 0) continue
      if (!ask.wanted.some((wanted) => problemOf(wanted, earlier) === undefined)) continue
      this.carriedOn++
      return ask
    }
    const [newest] = asks
    const problem = newest?.wanted[0] === undefined ? 'nothing was asked' : problemOf(newest.wanted[0], sent)
    this.violate({
      what: 'another history than was wanted',
      conversation,
      ...(newest === undefined ? {} : { turn: newest.turn }),
      detail: `request ${request.number} of process ${processOf(request)}: ${problem}`,
    })
    return undefined
  }

  #noteAskedAgain({ sent }: Ask): void {
    this.askedAgain++
    const isKilled = this.#kills.some(({ atMs }) => Date.now() - atMs < KILL_TELLS_MS)
    if (!isKilled && !sent.some(({ reply }) => reply.mayFail)) this.askedAgainUntold++
  }

  #noteTenant({ conversation, turn, tenant }: Ask, process: string): void {
    const before = this.#tenants.get(process)
    if (before === undefined) this.#tenants.set(process, tenant)
    else if (before !== tenant)
      this.violate({ what: 'a process of another tenant', conversation, turn, detail: `${before}, then ${tenant}` })
  }

  /** Takes down what the client heard. */
  close(ask: Ask, outcome: Outcome): void {
    const { conversation, turn } = ask
    const violate = (what: string, detail: string): void => this.violate({ what, conversation, turn, detail })
    switch (outcome.type) {
      case 'answered':
        this.answered++
        return this.#checkAnswer(ask, outcome, violate)
      case 'left':
        this.left++
        ask.left = true
        return this.#checkBeginning(ask, outcome.text, violate)
      case 'failed':
        this.failed++
        this.failuresByCode.set(outcome.code, (this.failuresByCode.get(outcome.code) ?? 0) + 1)
        this.#checkBeginning(ask, outcome.text, violate)
        return this.#checkFailure(ask, outcome, violate)
    }
  }

  #checkAnswer(
    ask: Ask,
    { text, finish }: Extract<Outcome, { type: 'answered' }>,
    violate: (what: string, detail: string) => void,
  ): void {
    if (ask.sent.length === 0) return violate('an answer without a request', text.slice(0, 200))
    const fits = ask.sent.some(({ reply }) => {
      const stopped = beforeStop(reply.text, ask.stopTexts)
      if (text !== (stopped ?? reply.text)) return false
      if (finish === undefined || reply.mayFail) return true
      return finish === (stopped === undefined && reply.isCut ? 'length' : 'stop')
    })
    if (fits) return
    violate(
      'a wrong answer',
      `${finish}: ${JSON.stringify({ heard: text, said: ask.sent.at(-1)?.reply }).slice(0, 1000)}`,
    )
  }

  #checkBeginning(ask: Ask, text: string, violate: (what: string, detail: string) => void): void {
    if (text === '' || ask.sent.some(({ reply }) => reply.text.startsWith(text))) return
    violate('a wrong beginning', JSON.stringify({ heard: text, said: ask.sent.at(-1)?.reply }).slice(0, 1000))
  }

  /** One killed in use fails its turn; one killed while it starts may fail all who wait for it. */
  #isExplainedByKill({ sent }: Ask): boolean {
    const nowMs = Date.now()
    const recent = this.#kills.filter(({ atMs }) => nowMs - atMs < KILL_TELLS_MS)
    if (sent.length === 0) return recent.length > 0
    const kill = recent.find(({ isToldOf }) => !isToldOf)
    if (kill === undefined) return false
    kill.isToldOf = true
    return true
  }

  /** What a client sends, leaves and sends anew at once on another connection may arrive the other way round. */
  #isOvertaken({ conversation, turn }: Ask): boolean {
    const before = this.#asks.get(conversation)?.[turn - 1]
    return before !== undefined && (before.left || before.superseded)
  }

  #checkFailure(
    ask: Ask,
    { status, code, message }: Extract<Outcome, { type: 'failed' }>,
    violate: (what: string, detail: string) => void,
  ): void {
    if (code === 'superseded' && (ask.superseded || this.#isOvertaken(ask))) return
    if (ask.sent.some(({ reply }) => reply.mayFail) && status !== 0) return
    if (code === 'cli_failed' && this.#isExplainedByKill(ask)) {
      this.killed++
      return
    }
    // On a busy machine a turn may be expected to wait longer than its limit (AD9, WP19).
    if (code === 'overloaded' && ask.sent.length === 0) {
      this.refused++
      return
    }
    violate('a failure without a cause', `${status} ${code}: ${message}; asked ${ask.sent.length} times`)
  }
}
