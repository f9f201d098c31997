import type { Directions, Settings } from './direction-settings.ts'
import { mishapsIn, readSettings, toDirections } from './direction-settings.ts'
import type { DirectionPair } from './direction-tags.ts'
import { findTags } from './direction-tags.ts'
import { ANYWAY } from './tool-calls.ts'

export interface DirectedCall {
  readonly name: string
  /** JSON text of an object, as it was written; absent where the tool's schema is to be filled in */
  readonly input?: string
}

/** The directions of a prompt, which is answered in rounds: one more whenever tools have been called. */
interface Script {
  readonly round: (round: number) => Directions
  /** the calls of each round, beginning with round 0 */
  readonly calls: readonly (readonly DirectedCall[])[]
}

export type ReadDirections =
  | { readonly ok: true; readonly script: Script; readonly text: string }
  | { readonly ok: false; readonly problem: string }

/** Reads a prompt's stage directions; `text` is the prompt without them. What cannot be read is a problem, never text. */
export function readDirections(prompt: string): ReadDirections {
  const found = findTags(prompt)
  if (!found.ok) return found
  const byRound = new Map<number | undefined, Settings>()
  const calls: DirectedCall[][] = []
  for (const pairs of found.tags) {
    const read = readSettings(pairs.filter(({ key }) => !CALL_KEYS.includes(key)))
    const problem = typeof read === 'string' ? read : addCalls(calls, pairs, read.round ?? 0)
    if (typeof read === 'string' || problem !== undefined) return { ok: false, problem: problem ?? '' }
    const together = { ...byRound.get(read.round), ...read }
    const mishaps = mishapsIn(together)
    if (mishaps.length > 1)
      return { ok: false, problem: `Only one of these stage directions can be had: ${mishaps.join(', ')}` }
    byRound.set(read.round, together)
  }
  const round = (number: number): Directions => toDirections(byRound.get(undefined) ?? {}, byRound.get(number) ?? {})
  return { ok: true, text: found.rest, script: { round, calls } }
}

const CALL_KEYS: readonly string[] = ['call', 'then-call', 'input']

/** Puts each call where it belongs: `call` into the tag's round, every `then-call` into a round of its own after the others. */
function addCalls(calls: DirectedCall[][], pairs: readonly DirectionPair[], round: number): string | undefined {
  let latest: DirectedCall[] | undefined
  for (const { key, value } of pairs) {
    if (key === 'call' || key === 'then-call') {
      const at = key === 'call' ? round : Math.max(calls.length, 1)
      while (calls.length <= at) calls.push([])
      latest = calls[at]
      latest?.push({ name: value })
    } else if (key === 'input') {
      const call = latest?.pop()
      if (latest === undefined || call === undefined || call.input !== undefined)
        return 'The stage direction input has no call before it'
      if (!call.name.startsWith(ANYWAY) && !isObject(value))
        return `The stage direction input is not a JSON object: ${value.slice(0, 80)}`
      latest.push({ ...call, input: value })
    }
  }
  return undefined
}

function isObject(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}
