/** A schema that is an object, its keywords unchecked. */
export type Schema = Readonly<Record<string, unknown>>

export type Key = string | number

/** Which part of a schema, as a list that shares its beginning with the places around it. */
export interface Place {
  readonly around: Place | undefined
  readonly keys: readonly Key[]
}

export const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The keys that lead from the top of the schema to the place; `undefined` is the top. */
export function pathOf(place: Place | undefined, last: readonly Key[] = []): readonly Key[] {
  const steps: (readonly Key[])[] = [last]
  for (let at = place; at !== undefined; at = at.around) steps.unshift(at.keys)
  return steps.flat()
}

/** The value of a keyword where it is a map, otherwise an empty one. */
export const mapAt = (schema: Schema, keyword: string): Schema => {
  const value = schema[keyword]
  return isSchema(value) ? value : {}
}

/** The value of a keyword where it is a list, otherwise an empty one. */
export const listAt = (schema: Schema, keyword: string): readonly unknown[] => {
  const value = schema[keyword]
  return Array.isArray(value) ? value : []
}

/** The value of a keyword where it is a number. */
export const numberAt = (schema: Schema, keyword: string): number | undefined => {
  const value = schema[keyword]
  return typeof value === 'number' ? value : undefined
}

/** In drafts up to 7 a `$ref` puts everything beside it out of force. */
export const isRefAlone = (root: Schema): boolean => /draft-0[3-7]\b/.test(String(root['$schema']))

/** OpenAPI 3.0 says `nullable` where JSON Schema names the type null, and so does openai-node with zod 3. */
export const isNullable = (schema: Schema): boolean => schema['nullable'] === true
