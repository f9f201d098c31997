import { UsageError } from './command-error.ts'

/** A number of an option such as `--budget 1.5`. What numbers make sense is the server's to say. @throws UsageError */
export function numberOption(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^-?\d+(\.\d+)?$/.test(text)) throw new UsageError(`--${name}: a number is expected, not ${text}`)
  return Number(text)
}

/** How many are listed: `--limit`, or all there are. @throws UsageError */
export function limitOption(
  { limit, all }: { readonly limit?: string | undefined; readonly all?: boolean | undefined },
  fallback: number,
): number {
  const given = numberOption('limit', limit)
  if (given !== undefined && all === true) throw new UsageError('--limit and --all exclude each other')
  if (given !== undefined && (!Number.isSafeInteger(given) || given < 1))
    throw new UsageError(`--limit: a whole number from 1 up is expected, not ${limit}`)
  return all === true ? Infinity : (given ?? fallback)
}
