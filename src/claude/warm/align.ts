/**
 * Makes what a process holds equal to what a request wants: from the two to the cheapest list of steps. Pure; it never says
 * that something is held which is not, so a step that fails leaves only a process that is not used again.
 */
import { isDeepStrictEqual } from 'node:util'
import type { ClientFunction, HitKind } from '../../core/index.ts'
import { flattenTurns, hasCalls, isSameTurn, type Prompt, type Settings, type Turn } from '../protocol/index.ts'
import type { Abilities } from './abilities.ts'

/** A message that a process holds; one that it can be rewound to has a uuid. */
export interface Row extends Turn {
  readonly uuid?: string
}

/** What a process holds. The first row, where there is one, can be rewound to. */
export interface Held {
  /** Absent until it has been told one. */
  readonly system: string | undefined
  readonly model: string
  /** Absent until it has been told any. */
  readonly settings: Settings | undefined
  readonly functions: readonly ClientFunction[]
  readonly rows: readonly Row[]
}

/** What a request wants its question to be asked with. */
export interface Wanted extends Prompt {
  readonly model: string
  readonly settings: Settings
  readonly functions: readonly ClientFunction[]
}

export type Step =
  /** The system prompt of a process that has none yet. */
  | { readonly type: 'open'; readonly system: string }
  /** Takes these user messages out, newest first, each with all that follows it. */
  | { readonly type: 'rewind'; readonly uuids: readonly string[] }
  | { readonly type: 'set-system'; readonly system: string }
  /** Only while nothing is held: the CLI notes the change in the conversation. */
  | { readonly type: 'set-model'; readonly model: string }
  | { readonly type: 'offer'; readonly functions: readonly ClientFunction[] }
  | { readonly type: 'set'; readonly settings: Settings }
  | { readonly type: 'replay'; readonly turns: readonly Turn[] }
  | { readonly type: 'ask'; readonly turn: Turn }

export interface Alignment {
  /** In order; the last one asks. */
  readonly steps: readonly Step[]
  readonly kind: Exclude<HitKind, 'cold'>
  /** Roughly the milliseconds until the question is asked. */
  readonly cost: number
  /** How many rows stay as they are. */
  readonly kept: number
}

/** Milliseconds, measured on 2.1.330; only their proportions matter. */
const COST = {
  open: 40,
  rewind: 3,
  rewound: 0.2,
  'set-system': 3,
  'set-model': 8,
  offer: 12,
  set: 5,
  replay: 5,
  user: 5,
  assistant: 1,
  bulk: 0.2,
} as const

/** How many turns at the beginning are held already. */
const commonLength = (rows: readonly Row[], turns: readonly Turn[]): number => {
  const differing = turns.findIndex((turn, index) => {
    const row = rows[index]
    return row === undefined || !isSameTurn(row, turn)
  })
  return differing < 0 ? turns.length : differing
}

/** A transcript is cut only before a message that it can be rewound to. */
const cutAt = (rows: readonly Row[], length: number): number => {
  let cut = length
  while (cut > 0 && cut < rows.length && rows[cut]?.uuid === undefined) cut--
  return cut
}

/** Functions that are offered anew have other names for the model, so calls of them are told anew too. */
const beforeCalls = (rows: readonly Row[], length: number): number => {
  const first = rows.findIndex(hasCalls)
  return first < 0 ? length : Math.min(length, first)
}

/** What it costs to tell a process these turns. */
export const replayCost = (turns: readonly Turn[], { replay }: Abilities): number =>
  turns.reduce(
    (sum, turn) => sum + (replay === 'bulk' && !isToldAlone(turn) ? COST.bulk : COST[turn.role]),
    replay === 'bulk' ? COST.replay : 0,
  )

/** A user's message that is more than text cannot be told in bulk. */
export const isToldAlone = ({ role, blocks }: Turn): boolean => role === 'user' && blocks !== undefined

const costOf = (step: Step, abilities: Abilities): number => {
  switch (step.type) {
    case 'rewind':
      return COST.rewind + (abilities.rewind === 'jump' ? 0 : step.uuids.length * COST.rewound)
    case 'replay':
      return replayCost(step.turns, abilities)
    case 'ask':
      return 0
    case 'open':
    case 'set-system':
    case 'set-model':
    case 'offer':
    case 'set':
      return COST[step.type]
  }
}

const isNamed = ({ choice }: Settings): boolean => typeof choice?.of === 'object'

interface Change {
  readonly kept: number
  readonly replayed: readonly Turn[]
  readonly ask: Turn
}

/** What stays and what is told: the turns that are missing, or where they cannot be replayed all of it in one question. */
function changeOf(
  { rows }: Held,
  wanted: Wanted,
  { replays, emptied, renamed }: { readonly replays: boolean; readonly emptied: boolean; readonly renamed: boolean },
): Change {
  const common = commonLength(rows, wanted.turns)
  const kept = emptied ? 0 : cutAt(rows, renamed ? beforeCalls(rows, common) : common)
  const replayed = wanted.turns.slice(kept)
  return replayed.length === 0 || replays
    ? { kept, replayed, ask: wanted.ask }
    : { kept: 0, replayed: [], ask: flattenTurns(wanted) }
}

const kindOf = ({ kept, replayed }: Change, { rows }: Held, { turns }: Wanted): Alignment['kind'] => {
  if (kept > 0) return kept < rows.length ? 'rewound' : replayed.length > 0 ? 'replayed' : 'kept'
  return turns.length > 0 ? 'replayed' : 'fresh'
}

/** The steps from `held` to `wanted`, or `undefined` where this process cannot be made to hold it. */
export function align(held: Held, wanted: Wanted, abilities: Abilities): Alignment | undefined {
  const { rows } = held
  const opens = held.system === undefined
  const otherSystem = !opens && held.system !== wanted.system
  if (otherSystem && abilities.systemPrompt === 'fixed') return undefined
  const otherFunctions = !isDeepStrictEqual(held.functions, wanted.functions)
  if ((otherFunctions || wanted.functions.length > 0) && !abilities.functions) return undefined
  // The choice of a function has its name in it.
  const otherSettings =
    !isDeepStrictEqual(held.settings, wanted.settings) || (otherFunctions && isNamed(wanted.settings))
  if (otherSettings && !abilities.liveSettings) return undefined

  const otherModel = held.model !== wanted.model
  if (otherModel && (opens || !abilities.switchModel)) return undefined

  const emptied = otherModel || (otherSystem && abilities.systemPrompt === 'when-empty')
  const change = changeOf(held, wanted, {
    replays: abilities.replay !== 'none',
    emptied,
    renamed: otherFunctions,
  })
  const { kept, replayed, ask } = change
  const uuids = rows
    .slice(kept)
    .flatMap(({ uuid }) => (uuid === undefined ? [] : [uuid]))
    .toReversed()
  if (uuids.length > 0 && abilities.rewind === 'none') return undefined

  const steps: readonly Step[] = [
    ...(opens ? [{ type: 'open' as const, system: wanted.system }] : []),
    ...(uuids.length > 0 ? [{ type: 'rewind' as const, uuids }] : []),
    ...(otherModel ? [{ type: 'set-model' as const, model: wanted.model }] : []),
    ...(otherSystem ? [{ type: 'set-system' as const, system: wanted.system }] : []),
    ...(otherFunctions ? [{ type: 'offer' as const, functions: wanted.functions }] : []),
    ...(otherSettings ? [{ type: 'set' as const, settings: wanted.settings }] : []),
    ...(replayed.length > 0 ? [{ type: 'replay' as const, turns: replayed }] : []),
    { type: 'ask', turn: ask },
  ]
  return {
    steps,
    kind: kindOf(change, held, wanted),
    cost: steps.reduce((sum, step) => sum + costOf(step, abilities), 0),
    kept,
  }
}
