/**
 * Patterns in the dialect of another language: `(?i)`, `(?P<year>…)`, `\A`, `a++`. The model understands them and
 * JavaScript does not, so they are passed on and no value is checked against them.
 */
import { referredBy } from './references.ts'
import { isSchema, type Schema } from './schema-part.ts'
import { subschemasOf } from './subschemas.ts'
import { unicodePattern } from './unicode-pattern.ts'

const isForeign = (source: string): boolean => unicodePattern(source) === undefined

/** Where quoted text or comments may hold any bracket at all. */
const HOLDS_ANYTHING = /\\Q|\(\?[a-zA-Z]*x/

/** Whether a pattern is broken in every dialect: an open group or class, or a backslash at the end. */
export const isBrokenPattern = (source: string): boolean =>
  isForeign(source) && !HOLDS_ANYTHING.test(source) && !isClosed(source, true) && !isClosed(source, false)

/** Whether each group and class ends. A `]` at the head of a class is a character in most dialects, though not in ours. */
function isClosed(source: string, bracketMayLead: boolean): boolean {
  let depth = 0
  for (let at = 0; at < source.length; at++) {
    const character = source[at]
    if (character === '\\') at++
    else if (character === '[') at = classEnd(source, at, bracketMayLead)
    else if (source.startsWith('(?#', at)) at = endOf(source, ')', at)
    else if (character === '(') depth++
    else if (character === ')' && --depth < 0) return false
    // A backslash with nothing behind it, a class or a comment without an end.
    if (at >= source.length) return false
  }
  return depth === 0
}

const endOf = (source: string, character: string, from: number): number => {
  const found = source.indexOf(character, from)
  return found < 0 ? source.length : found
}

function classEnd(source: string, start: number, bracketMayLead: boolean): number {
  let at = start + 1
  if (source[at] === '^') at++
  if (bracketMayLead && source[at] === ']') at++
  while (at < source.length && source[at] !== ']') at += source[at] === '\\' ? 2 : 1
  return at
}

/** Whether a schema itself has a pattern that cannot be tried. */
export const hasForeignPattern = ({ pattern, patternProperties }: Schema): boolean =>
  (typeof pattern === 'string' && isForeign(pattern)) || hasForeignNames(patternProperties)

export const hasForeignNames = (patternProperties: unknown): boolean =>
  isSchema(patternProperties) && Object.keys(patternProperties).some(isForeign)

/** Every part of a schema, with the parts that hold or refer to it. */
export function partsAround(root: Schema): ReadonlyMap<Schema, readonly Schema[]> {
  const around = new Map<Schema, Schema[]>([[root, []]])
  // Grows while it is walked.
  for (const part of around.keys()) {
    for (const value of [...[...subschemasOf(part)].map((each) => each.value), referredBy(part, root)]) {
      if (!isSchema(value)) continue
      const known = around.get(value)
      if (known === undefined) around.set(value, [part])
      else known.push(part)
    }
  }
  return around
}

/** The schemas with such a pattern, and those that hold or refer to one of them: `around` has who does. */
export function looseSchemas(around: ReadonlyMap<Schema, readonly Schema[]>): ReadonlySet<Schema> {
  const loose = new Set([...around.keys()].filter(hasForeignPattern))
  // Grows while it is walked.
  for (const part of loose) for (const outer of around.get(part) ?? []) loose.add(outer)
  return loose
}

/**
 * The same demands without those that a pattern decides which is left out: whatever satisfies the schema satisfies what is
 * left of it. `made` are the keywords of `schema` as they were copied.
 */
export function loosened(made: Schema, schema: Schema, loose: ReadonlySet<Schema>): Schema {
  if (!loose.has(schema)) return made
  const isLoose = (part: unknown): boolean => isSchema(part) && loose.has(part)
  const left: Record<string, unknown> = { ...made }
  const leaveOut = (...keywords: readonly string[]): void => {
    for (const keyword of keywords) delete left[keyword]
  }
  // What is left over depends on what all the other keywords have taken.
  leaveOut('unevaluatedItems', 'unevaluatedProperties')
  if (hasForeignNames(schema['patternProperties'])) leaveOut('additionalProperties')
  if (isLoose(schema['not'])) leaveOut('not')
  if (isLoose(schema['if'])) leaveOut('if', 'then', 'else')
  if (isLoose(schema['contains'])) leaveOut('maxContains')
  const { oneOf } = schema
  if (Array.isArray(oneOf) && oneOf.some(isLoose)) {
    left['allOf'] = [...(Array.isArray(left['allOf']) ? left['allOf'] : []), { anyOf: left['oneOf'] }]
    leaveOut('oneOf')
  }
  return left
}
