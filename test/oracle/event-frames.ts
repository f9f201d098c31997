import { fault } from './fault.ts'

/** The data of an event stream, and what is wrong with its framing. */
export interface EventFrames {
  readonly data: readonly string[]
  readonly faults: readonly string[]
}

/**
 * Takes an event stream apart: events of one `data: ` line each (R26), and nothing else, since some clients take a comment
 * or a second blank line for an event. What is cut off at the end of a stream that was left is dropped.
 */
export function eventFrames(text: string, { left }: { readonly left: boolean }): EventFrames {
  const faults: string[] = []
  const data: string[] = []
  const blocks = text.split('\n\n')
  const rest = blocks.pop() ?? ''
  if (rest !== '' && !left) faults.push(fault('the stream does not end with a blank line', rest))
  for (const block of blocks) {
    const lines = block.split('\n')
    const stray = lines.find((line) => !line.startsWith('data: '))
    if (stray !== undefined) faults.push(fault('a line is not data', stray))
    const events = lines.filter((line) => line.startsWith('data: '))
    if (events.length > 1) faults.push(fault('an event has more than one data line', block))
    data.push(...events.map((line) => line.slice('data: '.length)))
  }
  return { data, faults }
}
