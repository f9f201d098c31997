/** Starts a process that is kept: a talker, told a system prompt where that can be changed later. */
import { GatewayError, type Clock, type Observer } from '../../core/index.ts'
import { isAbortOf, onAbort, orAborted } from '../../lib/index.ts'
import {
  childEnvironment,
  CliProcess,
  keptTalkerArguments,
  NEUTRAL_DIRECTORY,
  NEUTRAL_SHELL,
  newMark,
} from '../process/index.ts'
import type { Settings } from '../protocol/index.ts'
import type { Abilities } from './abilities.ts'
import type { Held, Step } from './align.ts'
import { ProcessLostError } from './dialogue.ts'
import { WarmProcess } from './warm-process.ts'

/** What is set unless a turn asks for something else. */
export const DEFAULT_SETTINGS: Settings = { maxOutputTokens: undefined, reasoning: 'none' }

const PLACEHOLDER = 'You answer.'

/** The first question to a process that was never told anything takes 50 ms longer; five times are as good as more. */
const WARM_UP_ROUNDS = 5

/** How long a process may live on after its output has ended. */
export const END_GRACE_MS = 1000

export interface StartWarmOptions {
  readonly bin: string
  /** Throws where the file at `bin` is not the one that was verified. */
  readonly confirm?: () => void
  readonly passedOn: Readonly<Record<string, string>>
  /** Of the transcript that `writeSeed` wrote. */
  readonly seedPath: string
  readonly model: string
  readonly abilities: Abilities
  /** How long it may be silent on its way to being ready. */
  readonly startMs: number
  /** How long it may take to answer a request. */
  readonly answerMs?: number
  readonly clock: Clock
  readonly observer: Observer
}

/** What a process holds that was just started. */
export const freshHeld = ({ model, abilities }: Pick<StartWarmOptions, 'model' | 'abilities'>): Held => ({
  system: abilities.systemPrompt === 'fixed' ? undefined : PLACEHOLDER,
  model,
  settings: DEFAULT_SETTINGS,
  functions: [],
  rows: [],
})

/**
 * Resolves once it is ready to be used.
 * @throws GatewayError `cli_unavailable` or `cli_failed` when it cannot be started, ends, or is not ready in time.
 */
export async function startWarmProcess(
  options: StartWarmOptions,
  { signal }: { readonly signal: AbortSignal },
): Promise<WarmProcess> {
  const { bin, confirm, passedOn, seedPath, model, abilities, startMs, answerMs, clock, observer } = options
  const env = {
    ...childEnvironment(passedOn, {
      mark: newMark(),
      ...(abilities.liveSettings ? {} : { reasoning: DEFAULT_SETTINGS.reasoning }),
    }),
    SHELL: NEUTRAL_SHELL,
  }
  const child = await CliProcess.start({
    bin,
    args: keptTalkerArguments({ model, ...(abilities.environmentNote === 'removable' ? { seedPath } : {}) }),
    env,
    directory: NEUTRAL_DIRECTORY,
    clock,
    observer,
    agent: 'talker',
    model,
    ...(confirm === undefined ? {} : { confirm }),
  })
  const warm = new WarmProcess(child, {
    held: { ...freshHeld(options), system: undefined },
    abilities,
    ...(answerMs === undefined ? {} : { answerMs }),
    clock,
    observer,
  })
  try {
    using _stopped = onAbort(signal, () => void child.stop('shutdown'))
    const late = new AbortController()
    const tooLate = (): void =>
      late.abort(new ProcessLostError(`a process was not ready within ${startMs} ms`, { why: 'late' }))
    let timer = clock.after(startMs, tooLate)
    using _timer = { [Symbol.dispose]: () => timer[Symbol.dispose]() }
    const progressed = (): void => {
      timer[Symbol.dispose]()
      timer = clock.after(startMs, tooLate)
    }
    await orAborted(makeReady(warm, options, progressed), AbortSignal.any([signal, late.signal]))
    return warm
  } catch (cause) {
    const isLost = cause instanceof ProcessLostError
    // One whose output has ended is given a moment to end by itself: how it ends tells why.
    await warm.stop('deadline', isLost && cause.why === 'ended' ? { graceMs: END_GRACE_MS } : {})
    if (isAbortOf(cause, signal) || !isLost) throw cause
    const { code, signal: ending } = await warm.exit
    throw new GatewayError('cli_failed', 'The Claude Code CLI did not become ready.', {
      cause,
      details: { startMs, code, signal: ending, stderr: warm.stderrTail },
    })
  }
}

async function makeReady(
  warm: WarmProcess,
  { abilities, startMs: ms }: StartWarmOptions,
  progressed: () => void,
): Promise<void> {
  if (abilities.environmentNote === 'removable') await warm.leaveSeed({ ms })
  // One whose system prompt is fixed is told it with its first turn; no question may come before it.
  const opening: readonly Step[] = abilities.systemPrompt === 'fixed' ? [] : [{ type: 'open', system: PLACEHOLDER }]
  const setting: readonly Step[] = abilities.liveSettings ? [{ type: 'set', settings: DEFAULT_SETTINGS }] : []
  if (opening.length + setting.length === 0) await warm.ping({ ms })
  await warm.prepare([...opening, ...setting], { ms })
  progressed()
  if (abilities.systemPrompt === 'fixed' || abilities.replay === 'none' || abilities.rewind === 'none') return
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    await warm.warmUp({ ms })
    progressed()
  }
}
