/** Follows the calls of a turn, piece by piece. Pure. */
import type { CallEvent, FunctionCall } from '../../core/index.ts'
import { parseJson, wholeCharacters } from '../../lib/index.ts'

export interface CallTrack {
  /** Whole calls, oldest first, and the one that is under way. */
  readonly calls: readonly FunctionCall[]
  start(name: string): CallEvent
  /** `undefined` where nothing leaves (yet). */
  add(piece: string): CallEvent | undefined
  /** The call is whole; one without arguments has an empty object of them (R45). */
  finish(): CallEvent | undefined
}

export function createCallTrack({ newId }: { readonly newId: (index: number) => string }): CallTrack {
  const whole = wholeCharacters()
  const calls: FunctionCall[] = []
  const delta = (piece: string): CallEvent | undefined => {
    const last = calls.pop()
    if (last === undefined) return undefined
    calls.push({ ...last, arguments: last.arguments + piece })
    return piece === '' ? undefined : { type: 'call-delta', arguments: piece }
  }
  return {
    get calls() {
      return calls
    },
    start(name) {
      const id = newId(calls.length)
      calls.push({ id, name, arguments: '' })
      return { type: 'call-start', id, name }
    },
    add: (piece) => delta(whole.push(piece)),
    finish() {
      const rest = whole.flush()
      return delta(rest + (((calls.at(-1)?.arguments ?? '') + rest).trim() === '' ? '{}' : ''))
    },
  }
}

/** Whether a client can read the arguments. */
export const isReadable = (call: FunctionCall): boolean => {
  const parsed = parseJson(call.arguments)
  return parsed.ok && typeof parsed.value === 'object' && parsed.value !== null && !Array.isArray(parsed.value)
}
