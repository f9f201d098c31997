import { fault } from './fault.ts'

/** The data of an event stream, and what is wrong with its framing. */
export interface EventFrames {
  readonly data: readonly string[]
  readonly faults: readonly string[]
}

/** A silence that is filled, or a tool that is used: by its name, and never with what it is given. */
const COMMENT = /^: (?:keep-alive|tool [\w.-]*)$/

/**
 * Takes an event stream apart: comments, and events of one `data: ` line each (R26). What is cut off at the end of one
 * that was left is dropped.
 */
export function eventFrames(text: string, { left }: { readonly left: boolean }): EventFrames {
  const faults: string[] = []
  const data: string[] = []
  const blocks = text.split('\n\n')
  const rest = blocks.pop() ?? ''
  if (rest !== '' && !left) faults.push(fault('the stream does not end with a blank line', rest))
  for (const block of blocks) {
    const lines = block.split('\n')
    const stray = lines.find((line) => !line.startsWith('data: ') && !line.startsWith(':'))
    if (stray !== undefined) faults.push(fault('a line is neither data nor a comment', stray))
    const odd = lines.find((line) => line.startsWith(':') && !COMMENT.test(line))
    if (odd !== undefined) faults.push(fault('a comment tells more than a silence or the name of a tool', odd))
    const events = lines.filter((line) => line.startsWith('data: '))
    if (events.length > 1) faults.push(fault('an event has more than one data line', block))
    data.push(...events.map((line) => line.slice('data: '.length)))
  }
  return { data, faults }
}
