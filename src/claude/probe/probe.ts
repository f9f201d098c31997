/** What the CLI at hand can do with a process that is kept, found by trying it against a model API that shows what it was sent. */
import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../core/index.ts'
import { startWarmProcess, type Abilities } from '../warm/index.ts'
import {
  callsFunctions,
  changesSystemPrompt,
  changesSystemPromptWhenEmpty,
  isInertInFunctions,
  isInertInHistory,
  isInertInQuestion,
  isInterrupted,
  isServed,
  replays,
  rewinds,
  setsLimits,
  switchesModel,
  type Scenario,
} from './scenarios.ts'

const NONE: Abilities = {
  replay: 'none',
  rewind: 'none',
  systemPrompt: 'when-empty',
  switchModel: false,
  liveSettings: false,
  interrupt: false,
  functions: false,
}

const START_MS = 30_000
const SCENARIO_MS = 30_000

export interface ProbeOptions {
  readonly bin: string
  /** With which the CLI reaches the model API and no real login. */
  readonly passedOn: Readonly<Record<string, string>>
  /** Below it everything is written. */
  readonly directory: string
  /** The bodies of all requests to the model API, oldest first. */
  readonly bodies: () => readonly string[]
  readonly clock: Clock
}

export interface Probe {
  /** Tries everything, each on a process of its own, so that none disturbs another; `undefined` where none can be kept at all. */
  abilities(): Promise<Abilities | undefined>
  /** Whether callers' text is mere text in everything that a kept process is told. */
  isInert(abilities: Abilities): Promise<boolean>
}

export async function openProbe({ bin, passedOn, directory, bodies, clock }: ProbeOptions): Promise<Probe> {
  const neutralDirectory = join(directory, 'kept')
  await mkdir(neutralDirectory, { recursive: true })
  const secret = randomUUID()
  const secretPath = join(directory, 'kept-secret.txt')
  await writeFile(secretPath, secret)

  /** Any failure means that it cannot be relied on. */
  async function can(scenario: Scenario, abilities: Abilities): Promise<boolean> {
    const signal = AbortSignal.timeout(SCENARIO_MS)
    try {
      const process = await startWarmProcess(
        {
          bin,
          passedOn,
          neutralDirectory,
          model: 'sonnet',
          abilities,
          startMs: START_MS,
          clock,
          observer: { observe: () => undefined },
        },
        { signal },
      )
      try {
        return await scenario({ process, bodies, secret, secretPath })
      } finally {
        await process.stop('done')
      }
    } catch {
      return false
    }
  }

  const replay = async (): Promise<Abilities['replay']> => {
    if (await can(replays, { ...NONE, replay: 'bulk', rewind: 'steps' })) return 'bulk'
    return (await can(replays, { ...NONE, replay: 'steps', rewind: 'steps' })) ? 'steps' : 'none'
  }
  const rewind = async (): Promise<Abilities['rewind']> => {
    if (await can(rewinds, { ...NONE, rewind: 'jump' })) return 'jump'
    return (await can(rewinds, { ...NONE, rewind: 'steps' })) ? 'steps' : 'none'
  }
  const systemPrompt = async (): Promise<Abilities['systemPrompt']> => {
    if (await can(changesSystemPrompt, NONE)) return 'live'
    return (await can(changesSystemPromptWhenEmpty, { ...NONE, rewind: 'steps' })) ? 'when-empty' : 'fixed'
  }
  return {
    async abilities() {
      if (!(await can(isServed, NONE))) return undefined
      const [replayAbility, rewindAbility, systemPromptAbility, switchModel, liveSettings, interrupt, functions] =
        await Promise.all([
          replay(),
          rewind(),
          systemPrompt(),
          can(switchesModel, { ...NONE, rewind: 'steps', switchModel: true }),
          can(setsLimits, { ...NONE, liveSettings: true }),
          can(isInterrupted, { ...NONE, rewind: 'steps', interrupt: true }),
          can(callsFunctions, { ...NONE, rewind: 'steps', replay: 'steps', liveSettings: true, functions: true }),
        ])
      return {
        replay: replayAbility,
        rewind: rewindAbility,
        systemPrompt: systemPromptAbility,
        switchModel,
        liveSettings,
        interrupt,
        functions,
      }
    },
    async isInert(abilities) {
      const shown = await Promise.all([
        can(abilities.replay === 'none' ? isInertInQuestion : isInertInHistory, abilities),
        !abilities.functions || can(isInertInFunctions, abilities),
      ])
      return shown.every((inert) => inert)
    },
  }
}
