/**
 * Joins text that arrives in pieces so that no piece ends in half a character: a surrogate pair that was cut in two is
 * held back until its second half is there. What goes out, joined, equals what came in.
 */
export interface WholeCharacters {
  /** The text that may go out, possibly empty. */
  push(piece: string): string
  /** What was held back when nothing more comes: a lone surrogate or nothing. */
  flush(): string
}

const endsInHalf = (text: string): boolean => {
  const last = text.charCodeAt(text.length - 1)
  return last >= 0xd800 && last <= 0xdbff
}

export function wholeCharacters(): WholeCharacters {
  let held = ''
  return {
    push(piece) {
      const text = held + piece
      held = endsInHalf(text) ? text.slice(-1) : ''
      return held === '' ? text : text.slice(0, -1)
    },
    flush() {
      const rest = held
      held = ''
      return rest
    },
  }
}
