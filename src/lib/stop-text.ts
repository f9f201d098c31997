/**
 * Cuts text that arrives in pieces before that of some stop texts which is complete first; of two, the longer. What may be the beginning of one is held back
 * until it is known not to be.
 */
export interface StopText {
  /** The text that may go out, possibly empty, and whether a stop text was met: then nothing more is to come. */
  push(piece: string): { readonly text: string; readonly stopped: boolean }
  /** What was held back when nothing more comes. */
  flush(): string
}

/** How many characters at the end of `text` may be the beginning of `stop`. */
const overlap = (text: string, stop: string): number => {
  for (let size = Math.min(stop.length - 1, text.length); size > 0; size--) {
    if (stop.startsWith(text.slice(text.length - size))) return size
  }
  return 0
}

export function createStopText(stops: readonly string[]): StopText {
  let held = ''
  return {
    push(piece) {
      const text = held + piece
      const found = stops
        .map((stop) => ({ from: text.indexOf(stop), to: text.indexOf(stop) + stop.length }))
        .filter(({ from }) => from >= 0)
        .toSorted((a, b) => a.to - b.to || a.from - b.from)
      if (found[0] !== undefined) {
        held = ''
        return { text: text.slice(0, found[0].from), stopped: true }
      }
      const keep = Math.max(0, ...stops.map((stop) => overlap(text, stop)))
      held = text.slice(text.length - keep)
      return { text: text.slice(0, text.length - keep), stopped: false }
    },
    flush() {
      const rest = held
      held = ''
      return rest
    },
  }
}
