import { loosened, looseSchemas, partsAround } from './foreign-patterns.ts'
import { isSchema, type Schema } from './schema-part.ts'
import { mapSubschemas } from './subschemas.ts'
import { unicodePattern } from './unicode-pattern.ts'

const toPair = (name: string, part: unknown): readonly (readonly [string, unknown])[] => {
  const strict = unicodePattern(name)
  return strict === undefined ? [] : [[strict, part]]
}

/**
 * The schema for a reader that takes patterns with the `u` flag alone and gives up at any other, as the CLI does. A pattern
 * of another dialect is told in the description of its part; no value is checked against it.
 */
export function withStrictPatterns(root: Schema): Schema {
  const loose = looseSchemas(partsAround(root))
  function copy(value: unknown): unknown {
    if (!isSchema(value)) return value
    const { pattern, description } = value
    const entries = Object.entries(value).flatMap(([keyword, given]) => {
      if (keyword === 'patternProperties' && isSchema(given)) {
        return [
          [keyword, Object.fromEntries(Object.entries(given).flatMap(([name, part]) => toPair(name, copy(part))))],
        ]
      }
      if (keyword !== 'pattern' || typeof given !== 'string') return [[keyword, mapSubschemas(keyword, given, copy)]]
      const strict = unicodePattern(given)
      return strict === undefined ? [] : [[keyword, strict]]
    })
    const made = loosened(Object.fromEntries(entries) as Schema, value, loose)
    if (typeof pattern !== 'string' || unicodePattern(pattern) !== undefined) return made
    const told = `Pattern: ${pattern}`
    return { ...made, description: typeof description === 'string' ? `${description}\n${told}` : told }
  }
  return copy(root) as Schema
}
