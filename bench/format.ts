import type { Spread } from './statistics.ts'

export const NOT_MEASURED = '–'

/** Two digits that count, and no more than two behind the point. */
const digits = (value: number): string => {
  const size = Math.abs(value)
  return value.toFixed(size < 1 ? 2 : size < 10 ? 1 : 0)
}

const unlessMissing = (value: number, text: string): string => (Number.isFinite(value) ? text : NOT_MEASURED)

export const formatMs = (value: number): string => unlessMissing(value, `${digits(value)} ms`)

/** For comparing with a limit, which rounding must not reach. */
export const formatExactMs = (value: number): string => unlessMissing(value, `${value.toFixed(2)} ms`)

export const formatTimes = (value: number): string =>
  unlessMissing(value, `${value < 1 ? value.toPrecision(2) : value.toFixed(value < 100 ? 1 : 0)} ×`)

export const formatMiB = (value: number): string => unlessMissing(value, `${value.toFixed(0)} MiB`)

export const formatBytes = (value: number): string => unlessMissing(value, `${Math.round(value)} B`)

export const formatSpread = (spread: Spread | undefined): string =>
  spread === undefined ? NOT_MEASURED : `${digits(spread.p50)} / ${digits(spread.p95)} ms`

/** The first row is the heading; all columns but the first are set to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const [heading = []] = rows
  const widths = heading.map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)))
  const lineOf = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => (column === 0 ? (row[column] ?? '').padEnd(width) : (row[column] ?? '').padStart(width))).join(' | ')} |`
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [lineOf(heading), rule, ...rows.slice(1).map(lineOf)].join('\n')
}
