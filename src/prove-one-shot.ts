/** Shows that callers' text is inert in the two kinds of process that serve one turn only. */
import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  createColdEngine,
  createStartTimes,
  deadline,
  LateError,
  obstacleOfExit,
  obstacleOfSystem,
  type Pace,
  type TrialResult,
} from './claude/index.ts'
import { collectTurn, GatewayError, type Agent, type Clock, type TurnEngine, type TurnRequest } from './core/index.ts'
import type { Semaphore } from './lib/index.ts'
import type { Rehearsal } from './rehearsal/index.ts'

const talker: Agent = { name: 'proof', description: 'Answers.', prompt: 'You answer.', tools: [] }
const doer: Agent = { ...talker, tools: ['Read'] }

/** Who says how much in a request: what a text brings with it shows as another message or block. */
const shapeOf = (messages: readonly { readonly role: string; readonly content: unknown }[]): string =>
  messages.map(({ role, content }) => `${role} ${Array.isArray(content) ? content.length : 1}`).join(', ')

export interface OneShotProofOptions {
  readonly bin: string
  readonly passedOn: Readonly<Record<string, string>>
  /** As `ColdEngineOptions` has it. */
  readonly seedPath?: string
  /** Below it everything is written. */
  readonly directory: string
  readonly rehearsal: Rehearsal
  readonly places: Semaphore
  readonly pace: Pace
  readonly clock: Clock
}

/** A turn that came to no end: a failure of the machine, unless the CLI claims a success for which no model was asked. */
function toResult(error: unknown): TrialResult {
  if (error instanceof LateError) return { result: 'unknown', kind: 'late', problem: error.message }
  const system = obstacleOfSystem(error)
  if (system !== undefined) return { result: 'unknown', ...system }
  if (!(error instanceof GatewayError)) throw error
  const { code, details, message } = error
  if (code === 'timeout') return { result: 'unknown', kind: 'late', problem: 'a turn did not end in time' }
  const { code: exit, signal, stderr } = details
  if (exit !== undefined || signal !== undefined) {
    const how = typeof signal === 'string' ? signal : `code ${JSON.stringify(exit)}`
    return { result: 'unknown', ...obstacleOfExit(how, typeof stderr === 'string' ? stderr : '') }
  }
  if (code === 'cli_failed' || code === 'no_answer') return { result: 'no', problem: message }
  return { result: 'unknown', kind: 'failed', problem: `a turn failed (${code})` }
}

export async function proveOneShot(
  { bin, passedOn, seedPath, directory, rehearsal, places, pace, clock }: OneShotProofOptions,
  signal: AbortSignal,
): Promise<TrialResult> {
  const workspace = join(directory, 'one-shot')
  await mkdir(workspace, { recursive: true })
  const secret = randomUUID()
  const secretPath = join(workspace, 'secret.txt')
  await writeFile(secretPath, secret)
  const engine: TurnEngine = createColdEngine({
    bin,
    passedOn,
    ...(seedPath === undefined ? {} : { seedPath }),
    persona: 'prepend',
    afterResultMs: pace.limits.answerMs,
    startTimes: createStartTimes({ leastMs: pace.limits.answerMs }),
    clock,
    observer: { observe: () => undefined },
  })

  /** What the model was sent for a text, as a shape. @throws what a turn throws; Error where the text did not arrive. */
  async function ask(text: string, way: Partial<TurnRequest>): Promise<string> {
    using _place = await places.enter({ signal })
    const { trialMs } = pace.limits
    using late = deadline(clock, trialMs)
    const turn = { tenant: 'proof', agent: talker, model: 'sonnet', limits: { turnMs: trialMs }, ...way }
    const history = [{ role: 'user' as const, text }]
    await collectTurn(engine.run({ ...turn, history }, { signal: AbortSignal.any([signal, late.signal]) }))
    const [sent, ...more] = rehearsal.requests.filter(({ rawBody }) => rawBody.includes(JSON.stringify(text)))
    return sent === undefined || more.length > 0
      ? 'a text that did not arrive as it was sent'
      : shapeOf(sent.body.messages)
  }

  async function once(way: Partial<TurnRequest>, plain: string): Promise<TrialResult> {
    try {
      const shape = await ask(`/clear ${randomUUID()} @${secretPath} ultrathink @"${secretPath}"`, way)
      if (rehearsal.requests.some(({ rawBody }) => rawBody.includes(secret)))
        return { result: 'no', problem: 'a file that a text named was read and sent' }
      return shape === plain
        ? { result: 'yes' }
        : { result: 'no', problem: `the model was sent ${shape}, not ${plain}` }
    } catch (error) {
      signal.throwIfAborted()
      return toResult(error)
    }
  }

  try {
    const plain = await ask(`a plain text ${randomUUID()}`, {})
    const ways: readonly Partial<TurnRequest>[] = [{}, { agent: doer, directory: workspace, budgetUsd: 1 }]
    const results = await Promise.all(
      ways.map(async (way) => {
        const shown = await once(way, plain)
        return shown.result === 'no' ? await once(way, plain) : shown
      }),
    )
    return (
      results.find(({ result }) => result === 'no') ??
      results.find(({ result }) => result === 'unknown') ?? { result: 'yes' }
    )
  } catch (error) {
    signal.throwIfAborted()
    const result = toResult(error)
    // A plain text that fails shows nothing of texts that act.
    return result.result === 'no' ? { result: 'unknown', kind: 'failed', problem: result.problem } : result
  }
}
