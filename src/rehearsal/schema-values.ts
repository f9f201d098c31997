import { countChars, firstChars } from './pieces.ts'

/** A schema or a part of one, its keywords unchecked. */
export type Schema = Readonly<Record<string, unknown>>

export const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const MAX_STRING_CHARS = 200

const FORMATS: Readonly<Record<string, string>> = {
  date: '2025-01-01',
  time: '12:00:00Z',
  'date-time': '2025-01-01T12:00:00Z',
  duration: 'P1D',
  email: 'rehearsal@example.com',
  uri: 'https://example.com/rehearsal',
  'uri-reference': '/rehearsal',
  url: 'https://example.com/rehearsal',
  uuid: '00000000-0000-4000-8000-000000000000',
  hostname: 'example.com',
  ipv4: '127.0.0.1',
  ipv6: '::1',
}

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)

/** The text, cut or filled up to the lengths asked for; a known format goes before both. */
export function stringInstance(schema: Schema, text: string, nth: number): string {
  const format = schema['format']
  const formatted = typeof format === 'string' ? FORMATS[format] : undefined
  if (formatted !== undefined) return formatted
  const longest = numberOf(schema['maxLength']) ?? MAX_STRING_CHARS
  const mark = nth === 0 ? '' : ` ${nth + 1}`
  const made = firstChars(text, Math.max(longest - mark.length, 0)) + firstChars(mark, longest)
  return made + '.'.repeat(Math.max((numberOf(schema['minLength']) ?? 0) - countChars(made), 0))
}

/** The number nearest to 1 within the range, or the nth after it. */
export function numberInstance(schema: Schema, nth: number, isWhole: boolean): number {
  const step = numberOf(schema['multipleOf']) ?? (isWhole ? 1 : 0)
  const [above, below] = [numberOf(schema['exclusiveMinimum']), numberOf(schema['exclusiveMaximum'])]
  const least = Math.max(numberOf(schema['minimum']) ?? -Infinity, above ?? -Infinity)
  const most = Math.min(numberOf(schema['maximum']) ?? Infinity, below ?? Infinity)
  const near = Math.min(Math.max(1 + nth, least), most)
  if (step > 0) {
    const up = Math.ceil(near / step) * step
    const next = up === above ? up + step : up
    return next > most || next === below ? Math.floor(near / step) * step - (near === below ? step : 0) : next
  }
  if (near !== above && near !== below) return near
  if (near === above) return most === Infinity ? near + 1 : (near + most) / 2
  return least === -Infinity ? near - 1 : (near + least) / 2
}

/** As few items as are asked for, but one where that is allowed. `make` gives the nth instance of a part. */
export function arrayInstance(
  schema: Schema,
  make: (part: unknown, nth: number) => unknown,
): readonly unknown[] | undefined {
  const first = Array.isArray(schema['prefixItems']) ? schema['prefixItems'] : []
  const least = numberOf(schema['minItems']) ?? 0
  const wanted = Math.min(Math.max(least, first.length, 1), numberOf(schema['maxItems']) ?? Infinity)
  const items: unknown[] = []
  for (let nth = 0; nth < wanted; nth += 1) {
    const item = make(nth < first.length ? first[nth] : (schema['items'] ?? true), nth)
    if (item === undefined) break
    items.push(item)
  }
  return items.length < least ? undefined : items
}

/** Every property that is declared or required; one that cannot be made is left out if it is not required. */
export function objectInstance(schema: Schema, make: (part: unknown) => unknown): Schema | undefined {
  const declared = isSchema(schema['properties']) ? schema['properties'] : {}
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : []
  const others = schema['additionalProperties'] ?? true
  const made = new Map<string, unknown>()
  for (const name of new Set([...Object.keys(declared), ...required])) {
    const value = make(Object.hasOwn(declared, name) ? declared[name] : others)
    if (value !== undefined) made.set(name, value)
    else if (required.includes(name)) return undefined
  }
  const least = numberOf(schema['minProperties']) ?? 0
  for (let count = made.size + 1; count <= least; count += 1) made.set(`property${count}`, make(others) ?? null)
  return Object.fromEntries(made)
}
