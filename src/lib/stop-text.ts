/**
 * Cuts text that arrives in pieces before the stop sequence that is complete first; of two that are complete at once, before
 * the longer. What may be the beginning of a stop sequence is held back until it is known not to be.
 */
export interface StopText {
  /** The text that may go out, possibly empty, and whether a stop sequence was met: then nothing more is to come. */
  push(piece: string): { readonly text: string; readonly stopped: boolean }
  /** What was held back when nothing more comes. */
  flush(): string
}

/** Finds one stop sequence by the algorithm of Knuth, Morris and Pratt: each character is looked at about twice. */
interface Matcher {
  /** Takes the next character. @returns how many characters of the stop sequence the text ends in. */
  take(code: number): number
  /** Forgets the text. */
  reset(): void
  readonly length: number
}

function createMatcher(stop: string): Matcher {
  /** Of each beginning of the stop sequence, the longest shorter beginning that it ends in. */
  const shorter = new Uint32Array(stop.length + 1)
  const longer = (matched: number, code: number): number => {
    let size = matched
    while (size > 0 && stop.charCodeAt(size) !== code) size = shorter[size] ?? 0
    return stop.charCodeAt(size) === code ? size + 1 : 0
  }
  for (let size = 1; size < stop.length; size++) {
    shorter[size + 1] = longer(shorter[size] ?? 0, stop.charCodeAt(size))
  }
  let matched = 0
  return {
    length: stop.length,
    take: (code) => (matched = longer(matched, code)),
    reset: () => void (matched = 0),
  }
}

export function createStopText(stops: readonly string[]): StopText {
  const matchers = stops.map(createMatcher)
  let held = ''
  return {
    push(piece) {
      const text = held + piece
      let keep = held.length
      for (let at = held.length; at < text.length; at++) {
        const code = text.charCodeAt(at)
        keep = 0
        let longest = 0
        for (const matcher of matchers) {
          const matched = matcher.take(code)
          if (matched === matcher.length) longest = Math.max(longest, matched)
          keep = Math.max(keep, matched)
        }
        if (longest === 0) continue
        held = ''
        return { text: text.slice(0, at + 1 - longest), stopped: true }
      }
      held = text.slice(text.length - keep)
      return { text: text.slice(0, text.length - keep), stopped: false }
    },
    flush() {
      const rest = held
      held = ''
      for (const matcher of matchers) matcher.reset()
      return rest
    },
  }
}
