import { z } from 'zod'
import type { DirectionPair } from './direction-tags.ts'

/** What goes wrong with a reply. `afterPieces` counts the pieces of text or tool input that are sent before it. */
export type Mishap =
  | { readonly kind: 'status'; readonly status: number; readonly message?: string; readonly retryAfter?: string }
  | { readonly kind: 'hang' }
  | { readonly kind: 'drop' | 'stall' | 'garbage' | 'end'; readonly afterPieces: number }
  | { readonly kind: 'error'; readonly afterPieces: number; readonly status?: number; readonly message?: string }

/** What one round of a prompt is directed to do. Absent means: as without directions. */
export interface Directions {
  readonly mishap?: Mishap
  /** the mishap befalls only so many requests with the same prompt */
  readonly failTimes?: number
  /** of those, only the requests of this round count: the mishap was directed for the round */
  readonly countsInRound: boolean
  readonly paceMs?: number
  readonly firstMs?: number
  readonly chunkBytes?: number
  readonly stopReason?: string
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number }
  readonly thinks: boolean
  readonly isEmpty: boolean
}

const whole = z
  .string()
  .regex(/^\d{1,9}$/, 'is not a whole number')
  .transform(Number)
const positive = whole.refine((value) => value > 0, 'must be at least 1')
const flag = z.literal('1', 'can only be 1')

const settingsSchema = z.strictObject({
  status: whole.refine((value) => value >= 400 && value <= 599, 'must be between 400 and 599').optional(),
  message: z.string().optional(),
  'retry-after': z.string().optional(),
  'fail-times': positive.optional(),
  hang: flag.optional(),
  drop: whole.optional(),
  stall: whole.optional(),
  error: whole.optional(),
  as: whole.refine((value) => value >= 400 && value <= 599, 'must be between 400 and 599').optional(),
  garbage: whole.optional(),
  end: whole.optional(),
  slow: whole.optional(),
  first: whole.optional(),
  bytes: positive.optional(),
  stop: z.string().optional(),
  usage: z
    .string()
    .regex(/^\d{1,9},\d{1,9}$/, 'is not of the form IN,OUT')
    .optional(),
  thinking: flag.optional(),
  empty: flag.optional(),
  round: whole.optional(),
})

/** The settings of one tag, or of several together. */
export type Settings = z.infer<typeof settingsSchema>

/** The tag's pairs as settings, or what is wrong with them. Tool calls are to be left out. */
export function readSettings(pairs: readonly DirectionPair[]): Settings | string {
  const read = settingsSchema.safeParse(Object.fromEntries(pairs.map(({ key, value }) => [key, value])))
  if (read.success) return read.data
  const [issue] = read.error.issues
  if (issue?.code === 'unrecognized_keys') return `Unknown stage direction: ${issue.keys.join(', ')}`
  return `The stage direction ${String(issue?.path[0])} ${issue?.message}`
}

const AFTER_PIECES = ['drop', 'stall', 'garbage', 'end'] as const
const MISHAPS = ['status', 'hang', 'error', ...AFTER_PIECES] as const

/** The names of the mishaps that the settings ask for. More than one cannot be had. */
export const mishapsIn = (settings: Settings): readonly string[] => MISHAPS.filter((key) => settings[key] !== undefined)

/** What the settings of a round come to; the mishap of the settings that name the round goes before the general one. */
export function toDirections(general: Settings, ofRound: Settings): Directions {
  const given = { ...general, ...ofRound }
  const mishapOfRound = toMishap(ofRound)
  const mishap = mishapOfRound ?? toMishap(general)
  const [inputTokens, outputTokens] = given.usage?.split(',').map(Number) ?? []
  return {
    ...(mishap && { mishap }),
    ...(given['fail-times'] !== undefined && { failTimes: given['fail-times'] }),
    ...(given.slow !== undefined && { paceMs: given.slow }),
    ...(given.first !== undefined && { firstMs: given.first }),
    ...(given.bytes !== undefined && { chunkBytes: given.bytes }),
    ...(given.stop !== undefined && { stopReason: given.stop }),
    ...(inputTokens !== undefined && outputTokens !== undefined && { usage: { inputTokens, outputTokens } }),
    countsInRound: mishapOfRound !== undefined,
    thinks: given.thinking !== undefined,
    isEmpty: given.empty !== undefined,
  }
}

function toMishap(given: Settings): Mishap | undefined {
  const message = given.message === undefined ? {} : { message: given.message }
  const retryAfter = given['retry-after'] === undefined ? {} : { retryAfter: given['retry-after'] }
  if (given.status !== undefined) return { kind: 'status', status: given.status, ...message, ...retryAfter }
  if (given.hang !== undefined) return { kind: 'hang' }
  if (given.error !== undefined) {
    return { kind: 'error', afterPieces: given.error, ...(given.as !== undefined && { status: given.as }), ...message }
  }
  for (const kind of AFTER_PIECES) {
    const afterPieces = given[kind]
    if (afterPieces !== undefined) return { kind, afterPieces }
  }
  return undefined
}
