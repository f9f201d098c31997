/** One process a turn: the fallback of every other engine, and the yardstick that they are measured against. */
import { randomUUID } from 'node:crypto'
import {
  GatewayError,
  isTalker,
  toGatewayError,
  type Clock,
  type Observer,
  type TurnEnd,
  type TurnEngine,
  type TurnEvent,
  type TurnRequest,
} from '../../core/index.ts'
import { isAbortOf, LineTooLongError, onAbort } from '../../lib/index.ts'
import {
  childEnvironment,
  CliProcess,
  doerArguments,
  newMark,
  type Exit,
  sessionArguments,
  talkerArguments,
} from '../process/index.ts'
import { decodeLine, encodeControlLine, encodeUserLine, failureOfExit, flattenHistory } from '../protocol/index.ts'
import { createAnswer } from './answer.ts'
import { createWatchdog, type Overrun } from './watchdog.ts'

/** How long a child may take to end by itself after its result; then it is stopped, and its answer stands. */
const AFTER_RESULT_MS = 5000

export interface ColdEngineOptions {
  readonly bin: string
  /** The variables of our own environment that children get. */
  readonly passedOn: Readonly<Record<string, string>>
  /** An empty directory, the same for all talkers: its path is part of what the model is sent, and so of its cache. */
  readonly neutralDirectory: string
  readonly clock: Clock
  readonly observer: Observer
}

const argumentsOf = (request: TurnRequest): readonly string[] => {
  const { agent, model, session, directory, budgetUsd } = request
  if (isTalker(agent))
    return session === undefined ? talkerArguments({ agent, model }) : sessionArguments({ agent, model, session })
  if (directory === undefined || budgetUsd === undefined) throw new Error('a doer has a workspace and a budget')
  return doerArguments({ agent, model, directory, budgetUsd })
}

const overrunError = (overrun: Overrun): GatewayError => {
  const what = {
    'first-token': 'The model did not begin to answer in time.',
    'token-gap': 'The model stopped in the middle of its answer.',
    turn: 'The answer was not done in time.',
  } satisfies Record<Overrun, string>
  return new GatewayError('timeout', what[overrun], { details: { overrun } })
}

/** A session holds what was said before, so it is told the new message as it is; any other turn is told everything at once. */
const promptOf = ({ history, session }: TurnRequest): string => {
  const [only, ...others] = history
  return session !== undefined && only !== undefined && others.length === 0 ? only.text : flattenHistory(history)
}

/** The exit of a child that has said its last; one that does not end by itself is stopped. */
const lastExit = async (child: CliProcess, clock: Clock): Promise<Exit> => {
  using _late = clock.after(AFTER_RESULT_MS, () => void child.stop('deadline'))
  return await child.exit
}

/** Everything that one turn is told, to be written at once. */
const inputOf = (request: TurnRequest): string => {
  const { outputSchema } = request
  const settings =
    outputSchema === undefined
      ? ''
      : encodeControlLine(
          { subtype: 'initialize', title: 'turn', jsonSchema: outputSchema },
          { requestId: randomUUID() },
        )
  return settings + encodeUserLine(promptOf(request), { uuid: randomUUID() })
}

export function createColdEngine({ bin, passedOn, neutralDirectory, clock, observer }: ColdEngineOptions): TurnEngine {
  async function* turn(request: TurnRequest, signal: AbortSignal): AsyncGenerator<TurnEvent, void, undefined> {
    const { agent, model, limits, session, maxOutputTokens } = request
    const talker = isTalker(agent)
    const mark = newMark()
    signal.throwIfAborted()
    await using child = await CliProcess.start({
      bin,
      args: argumentsOf(request),
      env: childEnvironment(passedOn, { talker, maxOutputTokens, mark }),
      directory: request.directory ?? neutralDirectory,
      clock,
      observer,
      agent: agent.name,
      model,
      ...(talker ? {} : { mark }),
    })
    using _left = onAbort(signal, () => void child.stop('cancelled'))
    using watchdog = createWatchdog(limits, { clock, onOverrun: () => void child.stop('deadline') })
    const answer = createAnswer({
      talker,
      structured: request.outputSchema !== undefined,
      endAtLimit: talker || maxOutputTokens !== undefined,
      stopTexts: request.stopTexts ?? [],
      nowMs: () => clock.nowMs(),
    })
    child.write(inputOf(request))
    child.endInput()

    const exitCode = async (): Promise<Pick<TurnEnd, 'exitCode'>> => {
      const { code, cause } = await lastExit(child, clock)
      signal.throwIfAborted()
      if (code === null || cause !== 'exited') return {}
      if (code !== 0)
        throw new GatewayError('cli_failed', 'The Claude Code CLI failed after its answer.', {
          details: { code, stderr: child.stderrTail },
        })
      return { exitCode: code }
    }

    try {
      for await (const line of child.lines()) {
        signal.throwIfAborted()
        const decoded = decodeLine(line)
        if (!decoded.ok) {
          observer.observe({ type: 'line-ignored', problem: decoded.problem })
          continue
        }
        const { message } = decoded
        if (message.type === 'text' || message.type === 'activity' || message.type === 'answer-start') watchdog.fed()
        const { text, end, failure } = answer.take(message)
        if (text !== '') {
          watchdog.rest()
          yield { type: 'text-delta', text }
          watchdog.fed()
        }
        if (failure !== undefined) {
          // After its result a run ends by itself; one that failed before would go on, and is stopped.
          if (talker || message.type !== 'result') throw failure
          throw failure.withDetails({ exitCode: (await lastExit(child, clock)).code })
        }
        if (end === undefined) continue
        // A talker without a session leaves nothing behind, so nobody waits for its process to end.
        const runsToItsEnd = (!talker || session !== undefined) && message.type === 'result'
        yield runsToItsEnd ? { ...end, ...(await exitCode()) } : end
        return
      }
    } catch (error) {
      if (!(error instanceof LineTooLongError)) throw error
      throw new GatewayError('cli_failed', 'The Claude Code CLI answered with more than can be read.', { cause: error })
    }
    signal.throwIfAborted()
    if (watchdog.overrun !== undefined) throw overrunError(watchdog.overrun)
    const { code, signal: exitSignal } = await child.exit
    throw failureOfExit(
      { code, signal: exitSignal, exitCode: code, stderr: child.stderrTail, sessionLost: session?.opened === true },
      child.stderrTail,
    )
  }

  return {
    async *run(request, { signal }) {
      let sent = false
      try {
        for await (const event of turn(request, signal)) {
          sent = true
          yield event
        }
      } catch (error) {
        if (!sent || isAbortOf(error, signal)) throw error
        yield { type: 'turn-failed', error: toGatewayError(error) }
      }
    },
  }
}
