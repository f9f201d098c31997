import { harmlessLine } from './harmless.ts'

/** Rows as lines, in columns; text of any width belongs into the last one. */
export function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(harmlessLine))
  const widthOf = (column: number): number => Math.max(...cells.map((row) => row[column]?.length ?? 0))
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, column) => (column < row.length - 1 ? cell.padEnd(widthOf(column)) : cell))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
