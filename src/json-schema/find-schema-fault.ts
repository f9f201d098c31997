import { impossibility, MUST_BE_OBJECT } from './possible.ts'
import { referenceLoop } from './reference-loops.ts'
import { isSchema, type Schema } from './schema-part.ts'
import { findParts, type SchemaFault } from './schema-parts.ts'

/** The part of a schema that is malformed or unsupported, named by the keys that lead to it; undefined where none is. */
export function findMalformedPart(schema: Schema): SchemaFault | undefined {
  const found = findParts(schema)
  return found.ok ? undefined : found.fault
}

/**
 * The part of a schema for an object that is malformed or unsupported, or that makes it impossible to satisfy, named by
 * the keys that lead to it; undefined where none is. Unknown keywords are passed over, and only what is certainly
 * impossible is reported: a part that no value satisfies is no fault where nothing requires it.
 * Source: JSON Schema 2020-12, with what drafts 4 to 2019-09 and OpenAPI 3.0 (`nullable`) write otherwise.
 */
export function findSchemaFault(schema: unknown): SchemaFault | undefined {
  if (!isSchema(schema)) return { path: [], problem: 'a JSON Schema object is expected' }
  const found = findParts(schema)
  if (!found.ok) return found.fault
  if (schema['type'] !== undefined && schema['type'] !== 'object') {
    return { path: ['type'], problem: MUST_BE_OBJECT }
  }
  return referenceLoop(schema, found.parts) ?? impossibility(schema, found.parts)
}
