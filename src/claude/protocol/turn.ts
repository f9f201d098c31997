/** A message of a transcript, as the CLI and the model API know it. */
import { isDeepStrictEqual } from 'node:util'
import type { Document, Picture } from '../../core/index.ts'

export type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'picture'; readonly picture: Picture }
  | { readonly type: 'document'; readonly document: Document }
  /** Of an assistant; `input` is an object. */
  | { readonly type: 'call'; readonly id: string; readonly name: string; readonly input: unknown }
  /** Of a user, right after the assistant who called. */
  | { readonly type: 'result'; readonly id: string; readonly content: readonly Content[] }

/** What a user says, or what comes of a call. */
export type Content = Extract<Block, { type: 'text' | 'picture' | 'document' }>

/** User texts are never blank, and the first turn is a user's. */
export interface Turn {
  readonly role: 'user' | 'assistant'
  /** All the text of it. */
  readonly text: string
  /** Where it is more than text: all of it, in order. */
  readonly blocks?: readonly Block[]
}

export const blocksOf = ({ text, blocks }: Turn): readonly Block[] => blocks ?? [{ type: 'text', text }]

export const hasCalls = ({ blocks }: Turn): boolean => blocks?.some(({ type }) => type === 'call') ?? false

export const hasResults = ({ blocks }: Turn): boolean => blocks?.some(({ type }) => type === 'result') ?? false

/** Blank space around an answer cannot matter: a model ends it where it likes, and clients trim it. */
const comparable = (turn: Turn): unknown =>
  turn.role === 'user'
    ? (turn.blocks ?? turn.text)
    : [turn.text.trim(), (turn.blocks ?? []).filter(({ type }) => type !== 'text')]

/** Whether two turns are one to the model: the same role and content, the arguments of calls as values (R22). */
export const isSameTurn = (a: Turn, b: Turn): boolean =>
  a.role === b.role && (a === b || isDeepStrictEqual(comparable(a), comparable(b)))
