/** What the CLI at hand can do with a process that is pooled, found by trying it against a model API that shows what it was sent. */
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../core/index.ts'
import { onAbort, type Semaphore } from '../../lib/index.ts'
import { END_GRACE_MS, ProcessLostError, startWarmProcess, type Abilities, type WarmProcess } from '../warm/index.ts'
import { NONE, type Findings } from './findings.ts'
import { deadline, type Pace } from './pace.ts'
import {
  callsFunctions,
  changesSystemPrompt,
  changesSystemPromptWhenEmpty,
  isInertInFunctions,
  isInertInHistory,
  isInertInQuestion,
  isInterrupted,
  isServed,
  keepsMachinePrivate,
  replays,
  rewinds,
  setsLimits,
  switchesModel,
  type Scenario,
} from './scenarios.ts'
import { toTrialResult, type Obstacle, type TrialResult } from './trial-result.ts'

export interface ProbeOptions {
  readonly bin: string
  /** With which the CLI reaches the model API and no real login. */
  readonly passedOn: Readonly<Record<string, string>>
  /** Of the transcript that keeps the machine from the model. */
  readonly seedPath: string
  /** Below it everything is written. */
  readonly directory: string
  /** The bodies of all requests to the model API, oldest first. */
  readonly bodies: () => readonly string[]
  /** How many processes are tried at once. */
  readonly places: Semaphore
  readonly pace: Pace
  readonly clock: Clock
}

export interface Probe {
  /**
   * Tries what is not known yet, each on a process of its own, so that none disturbs another. What stays unknown is absent
   * in the findings; `obstacle` is why, for the first of them. Something is missing only where two trials showed it.
   */
  find(known: Findings, signal: AbortSignal): Promise<{ readonly findings: Findings; readonly obstacle?: Obstacle }>
  /** Whether callers' text is inert in everything that a pooled process of these capabilities is sent. */
  isInert(abilities: Abilities, signal: AbortSignal): Promise<TrialResult>
}

/** A trial did not come to an end; what it was for stays unknown. */
class UnknownError extends Error {
  readonly obstacle: Obstacle
  constructor(obstacle: Obstacle) {
    super(obstacle.problem)
    this.obstacle = obstacle
  }
}

export async function openProbe(options: ProbeOptions): Promise<Probe> {
  const { bin, passedOn, seedPath, directory, bodies, places, pace, clock } = options
  const secret = randomUUID()
  const secretPath = join(directory, 'pooled-secret.txt')
  await writeFile(secretPath, secret)

  async function once(scenario: Scenario, abilities: Abilities, signal: AbortSignal): Promise<TrialResult> {
    using _place = await places.enter({ signal })
    const { limits } = pace
    using late = deadline(clock, limits.trialMs)
    const ended = AbortSignal.any([signal, late.signal])
    const observer = { observe: () => undefined }
    let tried: WarmProcess | undefined
    try {
      const startedMs = clock.nowMs()
      const { startMs, answerMs } = limits
      tried = await startWarmProcess(
        { bin, passedOn, seedPath, model: 'sonnet', abilities, startMs, answerMs, clock, observer },
        { signal: ended },
      )
      pace.started(clock.nowMs() - startedMs)
      const trial = tried
      using _ended = onAbort(ended, () => void trial.stop('shutdown'))
      const isAsItShould = await scenario({ process: tried, bodies, secret, secretPath, answerMs, signal: ended })
      return isAsItShould ? { result: 'yes' } : { result: 'no', problem: 'the model was sent something else' }
    } catch (error) {
      signal.throwIfAborted()
      const hasEnded = error instanceof ProcessLostError && error.why === 'ended'
      await tried?.stop('done', hasEnded ? { graceMs: END_GRACE_MS } : {})
      const exit = tried === undefined ? undefined : { ...(await tried.exit), stderr: tried.stderrTail }
      const result = toTrialResult(late.signal.aborted ? late.signal.reason : error, exit)
      if (result.result === 'unknown' && result.kind === 'late') pace.late()
      return result
    } finally {
      await tried?.stop('done')
    }
  }

  /**
   * Whether it can, by one trial. A CLI that exits by itself cannot either: 2.1.197 does so when a history is replayed at once.
   */
  async function shows(scenario: Scenario, abilities: Abilities, signal: AbortSignal): Promise<boolean> {
    const shown = await once(scenario, abilities, signal)
    const exits = shown.result === 'unknown' && shown.kind === 'failed' && shown.exitCode !== undefined
    if (shown.result === 'unknown' && !exits) throw new UnknownError(shown)
    return shown.result === 'yes'
  }

  /** Whether it can; one that cannot is asked twice, since what it costs lasts. */
  const can = async (...trial: Parameters<typeof shows>): Promise<boolean> =>
    (await shows(...trial)) || (await shows(...trial))

  const trials: {
    readonly [Name in keyof Abilities]: (signal: AbortSignal, known: Partial<Abilities>) => Promise<Abilities[Name]>
  } = {
    async replay(signal) {
      if (await can(replays, { ...NONE, replay: 'bulk', rewind: 'steps' }, signal)) return 'bulk'
      return (await can(replays, { ...NONE, replay: 'steps', rewind: 'steps' }, signal)) ? 'steps' : 'none'
    },
    async rewind(signal) {
      if (await can(rewinds, { ...NONE, rewind: 'jump' }, signal)) return 'jump'
      return (await can(rewinds, { ...NONE, rewind: 'steps' }, signal)) ? 'steps' : 'none'
    },
    async systemPrompt(signal) {
      if (await can(changesSystemPrompt, NONE, signal)) return 'live'
      return (await can(changesSystemPromptWhenEmpty, { ...NONE, rewind: 'steps' }, signal)) ? 'when-empty' : 'fixed'
    },
    switchModel: (signal, { environmentNote = NONE.environmentNote }) =>
      can(switchesModel, { ...NONE, rewind: 'steps', switchModel: true, environmentNote }, signal),
    liveSettings: (signal) => can(setsLimits, { ...NONE, liveSettings: true }, signal),
    async environmentNote(signal) {
      for (const environmentNote of ['removable', 'absent', 'removable', 'absent'] as const)
        if (await shows(keepsMachinePrivate, { ...NONE, rewind: 'steps', environmentNote }, signal))
          return environmentNote
      return 'sent'
    },
    interrupt: (signal) => can(isInterrupted, { ...NONE, rewind: 'steps', interrupt: true }, signal),
    functions: (signal) =>
      can(callsFunctions, { ...NONE, rewind: 'steps', replay: 'steps', liveSettings: true, functions: true }, signal),
  }

  return {
    async find(known, signal) {
      let obstacle: Obstacle | undefined
      const found = async <T>(trial: Promise<T>): Promise<T | undefined> => {
        try {
          return await trial
        } catch (error) {
          if (!(error instanceof UnknownError)) throw error
          obstacle ??= error.obstacle
          return undefined
        }
      }
      const pooled = known.pooled ?? (await found(can(isServed, NONE, signal)))
      const abilities: Partial<Abilities> = { ...known.abilities }
      // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the parameter ties a value to its name
      const fill = async <Name extends keyof Abilities>(name: Name): Promise<void> => {
        if (abilities[name] !== undefined) return
        const value = await found(trials[name](signal, abilities))
        if (value !== undefined) abilities[name] = value
      }
      // How a model is changed depends on whether the note is kept out.
      const inOrder = async (): Promise<void> => {
        await fill('environmentNote')
        if (abilities.environmentNote !== undefined) await fill('switchModel')
      }
      const others = (Object.keys(trials) as (keyof Abilities)[]).filter(
        (name) => name !== 'environmentNote' && name !== 'switchModel',
      )
      if (pooled === true) await Promise.all([inOrder(), ...others.map(fill)])
      return {
        findings: { ...(pooled === undefined ? {} : { pooled }), abilities },
        ...(obstacle === undefined ? {} : { obstacle }),
      }
    },
    async isInert(abilities, signal) {
      const scenarios = [
        abilities.replay === 'none' ? isInertInQuestion : isInertInHistory,
        ...(abilities.functions ? [isInertInFunctions] : []),
      ]
      const results = await Promise.all(
        scenarios.map(async (scenario) => {
          const shown = await once(scenario, abilities, signal)
          return shown.result === 'no' ? await once(scenario, abilities, signal) : shown
        }),
      )
      return (
        results.find(({ result }) => result === 'no') ??
        results.find(({ result }) => result === 'unknown') ?? { result: 'yes' }
      )
    },
  }
}
