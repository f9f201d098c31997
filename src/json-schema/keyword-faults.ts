import { isBrokenPattern } from './foreign-patterns.ts'
import type { Key, Schema } from './schema-part.ts'
import { isSchema } from './schema-part.ts'
import { LISTS, MAPS, SINGLE } from './subschemas.ts'
import { TYPE_NAMES } from './value-kinds.ts'

/** What is wrong with a part, at the keys below it. */
export interface KeywordFault {
  readonly at: readonly Key[]
  readonly problem: string
}

type Rule = (value: unknown) => string | KeywordFault | undefined

const rule =
  (isRight: (value: unknown) => boolean, problem: string): Rule =>
  (value) =>
    isRight(value) ? undefined : problem

const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0
const isNames = (value: unknown): boolean => Array.isArray(value) && value.every((name) => typeof name === 'string')

const count = rule(isCount, 'a whole number of at least 0 is expected')
const number = rule(Number.isFinite, 'a number is expected')
// OpenAPI 3.0 and draft 4 write true or false beside `minimum`.
const bound = rule((value) => Number.isFinite(value) || typeof value === 'boolean', 'a number is expected')
const text = rule((value) => typeof value === 'string', 'a string is expected')
const names = rule(isNames, 'an array of property names is expected')
const unsupported: Rule = () => 'is not supported; refer to a part by `$ref` and `#/$defs/Name`'

const typeName = (value: unknown): string | undefined =>
  typeof value === 'string' && TYPE_NAMES.includes(value) ? undefined : `one of ${TYPE_NAMES.join(', ')} is expected`

const type: Rule = (value) => {
  if (!Array.isArray(value)) return typeName(value)
  if (value.length === 0) return 'at least one type is expected'
  const nth = value.findIndex((name) => typeName(name) !== undefined)
  return nth === -1 ? undefined : { at: [nth], problem: typeName(value[nth]) ?? '' }
}

const patternFault = (source: string): string | undefined =>
  isBrokenPattern(source) ? 'is not a regular expression' : undefined

const eachEntry =
  (fault: (name: string, value: unknown) => string | undefined): Rule =>
  (value) => {
    if (!isSchema(value)) return 'an object is expected'
    for (const [name, part] of Object.entries(value)) {
      // The interpreter writes names into URIs, which half a character cannot enter.
      const problem = name.isWellFormed() ? fault(name, part) : 'a name of whole Unicode characters is expected'
      if (problem !== undefined) return { at: [name], problem }
    }
    return undefined
  }

const VALUES: Readonly<Record<string, Rule>> = {
  $schema: text,
  $ref: text,
  $dynamicRef: unsupported,
  $recursiveRef: unsupported,
  type,
  enum: rule((value) => Array.isArray(value) && value.length > 0, 'an array with at least one value is expected'),
  const: () => undefined,
  format: text,
  pattern: (value) => (typeof value === 'string' ? patternFault(value) : 'a string is expected'),
  minLength: count,
  maxLength: count,
  minItems: count,
  maxItems: count,
  minContains: count,
  maxContains: count,
  minProperties: count,
  maxProperties: count,
  minimum: number,
  maximum: number,
  exclusiveMinimum: bound,
  exclusiveMaximum: bound,
  multipleOf: rule((value) => Number.isFinite(value) && Number(value) > 0, 'a number above 0 is expected'),
  uniqueItems: rule((value) => typeof value === 'boolean', 'true or false is expected'),
  required: names,
  dependentRequired: eachEntry((_, value) => (isNames(value) ? undefined : 'an array of property names is expected')),
  patternProperties: eachEntry(patternFault),
}

const map = eachEntry(() => undefined)
const list = rule(Array.isArray, 'an array of schemas is expected')

function ruleOf(keyword: string): Rule | undefined {
  if (Object.hasOwn(VALUES, keyword)) return VALUES[keyword]
  if (MAPS.has(keyword)) return map
  // What stands in the place of a single schema is judged as a schema of its own.
  return LISTS.has(keyword) && !SINGLE.has(keyword) ? list : undefined
}

const NO_DEMAND: ReadonlySet<string> = new Set(['$schema', '$defs', 'definitions'])

/** Whether a keyword may ask something of a value; one that is not known asks nothing. */
export const isDemand = (keyword: string): boolean =>
  !NO_DEMAND.has(keyword) && (ruleOf(keyword) !== undefined || SINGLE.has(keyword))

/** The first keyword of a schema whose value has not the form it must have. Schemas within it are not looked at. */
export function keywordFault(schema: Schema): KeywordFault | undefined {
  for (const [keyword, value] of Object.entries(schema)) {
    const found = value === undefined ? undefined : ruleOf(keyword)?.(value)
    if (typeof found === 'string') return { at: [keyword], problem: found }
    if (found !== undefined) return { at: [keyword, ...found.at], problem: found.problem }
  }
  return undefined
}
