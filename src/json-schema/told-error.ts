import type { OutputUnit } from '@cfworker/json-schema'

const MAX_CHARS = 300

/** Errors that only say that there are others, which follow them. */
const SUMMARIES: ReadonlySet<string> = new Set([
  '$ref',
  'additionalItems',
  'additionalProperties',
  'allOf',
  'anyOf',
  'dependentSchemas',
  'if',
  'items',
  'patternProperties',
  'prefixItems',
  'properties',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties',
])

/** What the interpreter says wrongly or not for the one who made the value. */
const SENTENCES: Readonly<Record<string, string>> = {
  false: 'nothing may stand here',
  maxProperties: 'has too many properties',
  exclusiveMinimum: 'is not above the number in `exclusiveMinimum`',
  exclusiveMaximum: 'is not below the number in `exclusiveMaximum`',
}

/** The error that tells most of those of one check, by its place in the value: `$.items[2].name: …`. */
export function toldError(errors: readonly OutputUnit[], value: unknown): string {
  const told = mostTelling(errors)
  if (told === undefined) return '$: does not satisfy the schema'
  const sentence = Object.hasOwn(SENTENCES, told.keyword) ? SENTENCES[told.keyword] : told.error.replace(/\.$/, '')
  const text = `${placeIn(value, told.instanceLocation)}: ${sentence}`
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS - 1).toWellFormed()}…` : text
}

/**
 * Of several alternatives, the one that the value was meant for got furthest into it; that null, or the constant of
 * another alternative, was expected says least.
 */
function mostTelling(errors: readonly OutputUnit[]): OutputUnit | undefined {
  const causes = errors.filter(({ keyword }) => !SUMMARIES.has(keyword))
  const telling = causes.filter(({ keyword, error }) => keyword !== 'const' && !error.endsWith('Expected "null".'))
  const [first, ...others] = telling.length > 0 ? telling : causes.length > 0 ? causes : errors
  if (first === undefined) return undefined
  return others.reduce((best, next) => (stepsOf(next).length > stepsOf(best).length ? next : best), first)
}

/** The location is a JSON Pointer in a URI fragment. */
const stepsOf = ({ instanceLocation }: Pick<OutputUnit, 'instanceLocation'>): readonly string[] =>
  instanceLocation.split('/').slice(1)

function placeIn(value: unknown, instanceLocation: string): string {
  let place = '$'
  let part = value
  for (const step of stepsOf({ instanceLocation })) {
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
    if (Array.isArray(part)) place += `[${name}]`
    else place += /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
    part = typeof part === 'object' && part !== null ? Reflect.get(part, name) : undefined
  }
  return place
}
