import { Validator } from '@cfworker/json-schema'
import { plainSchema } from './plain-schema.ts'
import { isSchema } from './schema-part.ts'
import { toldError } from './told-error.ts'
import { runWithin } from './within-time.ts'

/** A caller's pattern may search for ever, and nothing else happens meanwhile. */
const CHECK_TIMEOUT_MS = 250

/**
 * A check of JSON values against a schema in which `findSchemaFault` finds nothing, and which is not changed: what in a
 * value does not satisfy it, told by its place (`$.items[2].name: …`, at most 300 characters), or undefined. A value that
 * cannot be checked (a pattern takes over 250 ms, the nesting is too deep) does not satisfy it. Formats that are not
 * known are annotations. Source: JSON Schema 2020-12, with what older drafts write otherwise.
 */
export function createSchemaCheck(schema: object): (value: unknown) => string | undefined {
  const validator = new Validator(isSchema(schema) ? plainSchema(schema) : {}, '2020-12')
  return (value) => {
    let problem: string | undefined
    const check = (): void => {
      const { valid, errors } = validator.validate(value)
      problem = valid ? undefined : toldError(errors, value)
    }
    try {
      return runWithin(CHECK_TIMEOUT_MS, check) ? problem : `$: could not be checked in ${CHECK_TIMEOUT_MS} ms`
    } catch (error) {
      // The stack ended, a name in the value has half a character, a pattern needs more memory than there may be.
      if (error instanceof RangeError) return '$: is nested too deeply to be checked'
      if (error instanceof URIError) return '$: has a property name that is not whole Unicode characters'
      if (error instanceof SyntaxError) return '$: a `pattern` of the schema is too large to be tried'
      throw error
    }
  }
}
