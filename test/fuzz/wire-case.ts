/** What goes over a connection of its own. */
import { CHAT } from './chat-cases.ts'
import {
  UNTIL_CONTINUE,
  type Answer,
  type Due,
  type FuzzCase,
  type Piece,
  type WirePlay,
  type World,
} from './fuzz-case.ts'

export const OK: readonly Answer[] = ['ok']
export const REFUSED: readonly Answer[] = ['invalid_request']
/** What was no request when it was refused. */
export const NO_REQUEST: Due = { method: '', path: '', may: REFUSED }

/** The head of a request with the key, for a chat completion unless another start is given. */
export const head = ({ key }: World, lines: readonly string[], start = `POST ${CHAT} HTTP/1.1`): string =>
  [start, 'host: fuzz', `authorization: Bearer ${key}`, ...lines, '', ''].join('\r\n')

export const chat = (may: readonly Answer[]): Due => ({ method: 'POST', path: CHAT, may })

/** A case of pieces that are written in order. At least as many replies must come as are due, unless `least` is given. */
export function wireCase(
  kind: string,
  pieces: readonly Piece[],
  {
    due,
    least = due.length,
    end = 'stay',
  }: { readonly due: readonly Due[]; readonly least?: number; readonly end?: WirePlay['end'] },
): FuzzCase {
  const said = pieces
    .map((piece) => (piece === UNTIL_CONTINUE || typeof piece === 'number' ? '' : Buffer.from(piece).toString()))
    .join('')
  return { kind, play: { type: 'wire', pieces, end }, due, least, said }
}
