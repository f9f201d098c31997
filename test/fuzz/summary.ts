/** What a fuzz came to, as lines. */
import type { Books } from './books.ts'

export interface Summary {
  readonly seed: number
  readonly requests: number
  /** Requests to the model. */
  readonly sent: number
  readonly seconds: number
  readonly books: Books
  /** In use when a fifth was done and at the end; the most that was taken of the machine. */
  readonly memoryMb: { readonly warm: number; readonly end: number; readonly peak: number }
  readonly processes: number
}

const list = (figures: Readonly<Record<string, number>>): string =>
  Object.entries(figures)
    .toSorted(([one], [other]) => one.localeCompare(other))
    .map(([name, figure]) => `${name} ${figure}`)
    .join(', ')

export function summaryLines({
  seed,
  requests,
  sent,
  seconds,
  books,
  memoryMb,
  processes,
}: Summary): readonly string[] {
  const kinds = Object.entries(books.statuses).toSorted(([one], [other]) => one.localeCompare(other))
  return [
    ...kinds.map(([kind, figures]) => `${kind}: ${list(figures)}`),
    `answers: ${list(books.codes)}`,
    `slowest: ${books.slowestMs} ms (${books.slowest})`,
    `memory, MB: ${memoryMb.warm} when a fifth was done, ${memoryMb.end} at the end; resident at most ${memoryMb.peak}`,
    `seed ${seed}: ${requests} requests in ${seconds} s, ${sent} to the model, ${processes} processes`,
    ...books.violations.map(
      ({ what, detail, request, kind }) =>
        `VIOLATION ${request === undefined ? '' : `${kind} (--seed ${seed} --only ${request}) `}${what}: ${detail}`,
    ),
    `violations: ${books.violated}`,
  ]
}
