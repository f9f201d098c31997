/** One process a turn: the fallback of every other engine, and the yardstick that they are measured against. */
import { randomUUID } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import {
  GatewayError,
  isTalker,
  type Clock,
  type Observer,
  type Sandbox,
  type TurnEnd,
  type TurnEngine,
  type TurnEvent,
  type TurnRequest,
} from '../../core/index.ts'
import { LineTooLongError, onAbort } from '../../lib/index.ts'
import { createAnswer, createWatchdog, failByEvent, isSignOfLife, overrunError } from '../answer/index.ts'
import {
  childEnvironment,
  CliProcess,
  doerArguments,
  NEUTRAL_DIRECTORY,
  NEUTRAL_SHELL,
  newMark,
  SEED_QUESTION,
  talkerArguments,
  type Exit,
} from '../process/index.ts'
import {
  checkSystemPrompt,
  decodeLine,
  encodeControlLine,
  encodeUserLine,
  failureOfExit,
  flattenTurns,
  initializeRequest,
  isRewound,
  rewindRequest,
  toPrompt,
  type PersonaMode,
  type Turn,
} from '../protocol/index.ts'
import type { StartTimes } from '../start-times.ts'
import { openRunFiles } from './run-files.ts'
import { watchAll, type Watch } from './watch-all.ts'

export interface ColdEngineOptions {
  readonly bin: string
  /** Throws where the file at `bin` is not the one that was verified. */
  readonly confirm?: () => void
  /** The variables of our own environment that children get. */
  readonly passedOn: Readonly<Record<string, string>>
  /** Of the transcript that `writeSeed` wrote; absent where talkers need none, or their CLI cannot resume one. */
  readonly seedPath?: string
  readonly persona: PersonaMode
  /** How long a child may take to end by itself after its result; then it is stopped, and its answer stands. */
  readonly afterResultMs: number
  /** What starts take: the wait for the first token begins once the CLI is up. */
  readonly startTimes: StartTimes
  /** For doers; absent where there is none. */
  readonly sandbox?: Sandbox
  /** Watches a directory in which the CLI keeps what a doer's programs print; absent where that may be any amount. */
  readonly watchOutput?: Watch
  readonly clock: Clock
  readonly observer: Observer
}

/** The CLI's own directory, where its login is. */
export const loginDirectoryOf = (passedOn: ColdEngineOptions['passedOn']): string =>
  resolve(passedOn['CLAUDE_CONFIG_DIR'] ?? join(passedOn['HOME'] ?? homedir(), '.claude'))

/** The file of the CLI's settings and state. */
export const configPathOf = (passedOn: ColdEngineOptions['passedOn']): string =>
  join(passedOn['CLAUDE_CONFIG_DIR'] ?? passedOn['HOME'] ?? homedir(), '.claude.json')

/** A path and the real one that it leads to: 2.1.197 compares either with what a rule says. */
const spellings = (path: string): readonly string[] => [
  ...new Set([path, existsSync(path) ? realpathSync(path) : path]),
]

const argumentsOf = (
  { agent, model, directory, budgetUsd }: TurnRequest,
  { passedOn, seedPath }: Pick<ColdEngineOptions, 'passedOn' | 'seedPath'>,
): readonly string[] => {
  if (isTalker(agent)) return talkerArguments({ model, ...(seedPath === undefined ? {} : { seedPath }) })
  if (directory === undefined || budgetUsd === undefined) throw new Error('a doer has a workspace and a budget')
  return doerArguments({ agent, model, directory, loginDirectories: spellings(loginDirectoryOf(passedOn)), budgetUsd })
}

/** The exit of a child that has said its last; one that does not end by itself is stopped. */
const lastExit = async (
  child: CliProcess,
  { clock, ms }: { readonly clock: Clock; readonly ms: number },
): Promise<Exit> => {
  using _late = clock.after(ms, () => void child.stop('deadline'))
  return await child.exit
}

/** The turn with a text at its head. */
function headedBy(head: string, turn: Turn): Turn {
  if (head === '') return turn
  const text = `${head}\n\n${turn.text}`
  return turn.blocks === undefined
    ? { ...turn, text }
    : { ...turn, text, blocks: [{ type: 'text', text: `${head}\n\n` }, ...turn.blocks] }
}

const controlLine = (request: object, requestId: string = randomUUID()): string =>
  encodeControlLine(request, { requestId })

const REWIND_ID = 'rewind'

/**
 * Everything that one turn is told, to be written at once. A doer's persona is an argument, so what the caller instructs
 * stands at the head of the question.
 */
function inputOf(
  { agent, history, outputSchema }: TurnRequest,
  { persona: mode, seedPath }: Pick<ColdEngineOptions, 'persona' | 'seedPath'>,
): string {
  const schema = outputSchema === undefined ? {} : { outputSchema }
  if (isTalker(agent)) {
    const { system, turns, ask } = toPrompt(history, { persona: agent.prompt, mode })
    checkSystemPrompt(system)
    return (
      controlLine(initializeRequest({ system, ...schema })) +
      (seedPath === undefined ? '' : controlLine(rewindRequest({ target: SEED_QUESTION }), REWIND_ID)) +
      encodeUserLine(flattenTurns({ turns, ask }), { uuid: randomUUID() })
    )
  }
  const { system, turns, ask } = toPrompt(history, { persona: '', mode: 'off' })
  return (
    (outputSchema === undefined ? '' : controlLine(initializeRequest(schema))) +
    encodeUserLine(headedBy(system, flattenTurns({ turns, ask })), { uuid: randomUUID() })
  )
}

export function createColdEngine(options: ColdEngineOptions): TurnEngine {
  const { bin, confirm, passedOn, afterResultMs } = options
  const { startTimes, sandbox, watchOutput, clock, observer } = options

  async function* turn(request: TurnRequest, signal: AbortSignal): AsyncGenerator<TurnEvent, void, undefined> {
    const { agent, model, limits, maxOutputTokens, functions, sampling } = request
    if (functions !== undefined && functions.choice !== 'none')
      throw new GatewayError('cli_unavailable', 'The Claude Code CLI of this server cannot offer client functions.')
    const talker = isTalker(agent)
    const input = inputOf(request, options)
    const mark = newMark()
    const reasoning = request.reasoning ?? (talker ? 'none' : undefined)
    signal.throwIfAborted()
    const { directory } = request
    await using files =
      talker || directory === undefined
        ? undefined
        : await openRunFiles({
            temporaryRoot: passedOn['TMPDIR'] ?? tmpdir(),
            loginDirectory: loginDirectoryOf(passedOn),
            directory,
            observer,
          })
    await using confinement =
      files === undefined || directory === undefined
        ? undefined
        : await sandbox?.enter({
            directory,
            temporaryDirectory: files.temporaryDirectory,
            network: agent.network === true,
          })
    await using child = await CliProcess.start({
      bin,
      args: argumentsOf(request, options),
      env: {
        ...childEnvironment(passedOn, {
          mark,
          ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
          ...(reasoning === undefined ? {} : { reasoning }),
          ...(sampling === undefined ? {} : { sampling }),
        }),
        ...(talker ? { SHELL: NEUTRAL_SHELL } : {}),
        ...(files === undefined ? {} : { TMPDIR: files.temporaryDirectory }),
        ...confinement?.env,
      },
      directory: directory ?? NEUTRAL_DIRECTORY,
      clock,
      observer,
      agent: agent.name,
      model,
      ...(talker ? {} : { mark }),
      ...(confirm === undefined ? {} : { confirm }),
    })
    await using output = watchAll(files?.growing ?? [], watchOutput)
    using _overgrown = onAbort(output.overgrown, () => void child.stop('deadline'))
    using _left = onAbort(signal, () => void child.stop('cancelled'))
    const { firstTokenMs } = limits
    let isUp = false
    const sinceMs = clock.nowMs()
    using watchdog = createWatchdog(
      firstTokenMs === undefined ? limits : { ...limits, firstTokenMs: firstTokenMs + startTimes.limits.startMs },
      { clock, onOverrun: () => void child.stop('deadline') },
    )
    const answer = createAnswer({
      talker,
      structured: request.outputSchema !== undefined,
      endAtLimit: talker || maxOutputTokens !== undefined,
      stopTexts: request.stopTexts ?? [],
      nowMs: () => clock.nowMs(),
    })
    await child.write(input)
    child.endInput()

    const exitCode = async (): Promise<Pick<TurnEnd, 'exitCode'>> => {
      const { code, cause } = await lastExit(child, { clock, ms: afterResultMs })
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
        if (isSignOfLife(message)) watchdog.fed()
        if (message.type === 'control-answer' && message.requestId === REWIND_ID && !isRewound(message))
          throw new GatewayError('cli_failed', 'The Claude Code CLI did not become ready.', {
            details: { problem: 'it did not rewind its seed', fields: message.fields },
          })
        if (message.type === 'turn-start' && !isUp) {
          isUp = true
          startTimes.succeeded(clock.nowMs() - sinceMs)
          watchdog.started(firstTokenMs)
        }
        const { text, toolUses = [], end, failure } = answer.take(message)
        if (text !== '') {
          watchdog.rest()
          yield { type: 'text-delta', text }
          watchdog.fed()
        }
        for (const toolUse of toolUses) {
          watchdog.rest()
          yield toolUse
          watchdog.fed()
        }
        if (failure !== undefined) {
          // After its result a run ends by itself; one that failed before would go on, and is stopped.
          if (talker || message.type !== 'result') throw failure
          throw failure.withDetails({ exitCode: (await lastExit(child, { clock, ms: afterResultMs })).code })
        }
        if (end === undefined) continue
        // Before the end is sent: at a limit, and after an empty response, the CLI would ask the model again.
        if (message.type !== 'result') void child.stop('done')
        // A talker leaves nothing behind, so nobody waits for its process to end.
        yield !talker && message.type === 'result' ? { ...end, ...(await exitCode()) } : end
        return
      }
    } catch (error) {
      if (!(error instanceof LineTooLongError)) throw error
      throw new GatewayError('cli_failed', 'The Claude Code CLI answered with more than can be read.', { cause: error })
    }
    signal.throwIfAborted()
    output.overgrown.throwIfAborted()
    if (watchdog.overrun !== undefined) throw overrunError(watchdog.overrun)
    const { code, signal: exitSignal } = await child.exit
    throw failureOfExit({ code, signal: exitSignal, exitCode: code, stderr: child.stderrTail }, child.stderrTail)
  }

  return {
    async *run(request, { signal }) {
      yield* failByEvent(turn(request, signal), signal)
    },
  }
}
