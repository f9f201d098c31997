export { toCurrentDraft } from './current-draft.ts'
export { findMalformedPart, findSchemaFault } from './find-schema-fault.ts'
export { createSchemaCheck } from './schema-check.ts'
export type { SchemaFault } from './schema-parts.ts'
