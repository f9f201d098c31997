/** What the demo prints: scenes on stdout, in colour on a terminal, and what it waits for on stderr. */
import { systemClock } from '../../core/index.ts'
import { paintFor } from '../paint.ts'
import { liveProgress, plainProgress, type Progress } from '../progress.ts'

export const paint = paintFor(process.stdout)

export interface Screen extends Disposable {
  heading(title: string, why: string): void
  user(text: string): void
  /** Begins the line of the assistant; its text follows with `piece`. */
  assistant(): void
  piece(text: string): void
  line(text?: string): void
  /** Says what the demo waits for, until something is printed. */
  waitFor(what: string): void
}

const LABEL = 11

export function openScreen(): Screen {
  const { stdout, stderr } = process
  const progress: Progress = (stderr.isTTY ? liveProgress : plainProgress)({ stderr, clock: systemClock })
  const write = (text: string): void => {
    progress.hide()
    stdout.write(text)
  }
  return {
    heading: (title, why) => write(`\n${paint(['bold', 'cyan'], title)}  ${paint('dim', why)}\n`),
    user: (text) => write(`  ${paint('dim', 'you:'.padEnd(LABEL))}${text}\n`),
    assistant: () => write(`  ${paint('dim', 'assistant:'.padEnd(LABEL))}`),
    piece: (text) => write(text.replaceAll('\n', `\n  ${' '.repeat(LABEL)}`)),
    line: (text = '') => write(`${text}\n`),
    waitFor: (what) => progress.show(what),
    [Symbol.dispose]: () => progress[Symbol.dispose](),
  }
}
