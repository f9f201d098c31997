/** What is known of a version of the CLI, and what it costs where something is missing. */
import type { MissingCapability } from '../../core/index.ts'
import type { Abilities } from '../warm/index.ts'

/** What is absent is not known: its trial did not come to an end. */
export interface Findings {
  /** A process can be asked one question after the other. */
  readonly pooled?: boolean
  readonly abilities: Readonly<Partial<Abilities>>
}

export const NOTHING_FOUND: Findings = { abilities: {} }

/** The least that a pooled process can do. */
export const NONE: Abilities = {
  replay: 'none',
  rewind: 'none',
  systemPrompt: 'when-empty',
  switchModel: false,
  liveSettings: false,
  environmentNote: 'sent',
  interrupt: false,
  functions: false,
}

const NAMES = Object.keys(NONE) as (keyof Abilities)[]

/** Whether everything is known. */
export const isComplete = ({ pooled, abilities }: Findings): boolean =>
  pooled === false || (pooled === true && NAMES.every((name) => abilities[name] !== undefined))

/** What can be relied on: what is not known is taken for missing. `undefined` where no process can be pooled. */
export const tierOf = ({ pooled, abilities }: Findings): Abilities | undefined =>
  pooled === true ? { ...NONE, ...abilities } : undefined

interface Lack {
  readonly capability: string
  readonly cost: string
}

const NO_POOL: Lack = {
  capability: 'pooled processes',
  cost: 'Each turn starts a process of its own, so it begins about half a second later; requests with `tools` fail.',
}

/** What is lost with each value that is not the best one. */
const LACKS: { readonly [Name in keyof Abilities]: (value: Abilities[Name]) => Lack | undefined } = {
  replay: (value) =>
    value === 'bulk'
      ? undefined
      : value === 'steps'
        ? { capability: 'replay at once', cost: 'A history is replayed message by message, so long ones begin later.' }
        : { capability: 'replay', cost: 'A history is sent to the model as one text, without its roles.' },
  rewind: (value) =>
    value === 'jump'
      ? undefined
      : value === 'steps'
        ? {
            capability: 'rewind at once',
            cost: 'A process goes back question by question, so edited histories begin later.',
          }
        : { capability: 'rewind', cost: 'A process serves one conversation only, so others wait for a start.' },
  systemPrompt: (value) =>
    value === 'live'
      ? undefined
      : value === 'when-empty'
        ? { capability: 'live system prompts', cost: 'A changed system prompt replays the whole history.' }
        : { capability: 'system prompts', cost: 'Each system prompt needs a process of its own.' },
  switchModel: (value) =>
    value ? undefined : { capability: 'models', cost: 'Each model needs a process of its own.' },
  liveSettings: (value) =>
    value
      ? undefined
      : {
          capability: 'settings',
          cost: 'A turn with a limit, a reasoning effort or a temperature starts a process of its own.',
        },
  environmentNote: (value) =>
    value === 'sent'
      ? {
          capability: 'private environment',
          cost: 'The model is sent the platform and the kernel version of this machine, so callers can have it repeat them.',
        }
      : undefined,
  interrupt: (value) =>
    value ? undefined : { capability: 'interrupt', cost: 'A client that disconnects ends the process of its turn.' },
  functions: (value) => (value ? undefined : { capability: 'tools', cost: 'Requests with `tools` fail.' }),
}

/** What the gateway does without, and what that costs. */
export function missingFrom(findings: Findings): readonly MissingCapability[] {
  const { pooled, abilities } = findings
  if (pooled !== true) return [{ ...NO_POOL, status: pooled === false ? 'missing' : 'unknown' }]
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the parameter ties a value to its name
  const lack = <Name extends keyof Abilities>(name: Name): readonly MissingCapability[] => {
    const found = abilities[name]
    const lost = LACKS[name](found ?? NONE[name])
    return lost === undefined ? [] : [{ ...lost, status: found === undefined ? 'unknown' : 'missing' }]
  }
  return NAMES.flatMap(lack)
}
