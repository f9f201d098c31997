import type { Key, Schema } from './schema-part.ts'
import { isSchema } from './schema-part.ts'

export type Resolved =
  | { readonly ok: true; readonly schema: Schema | boolean; readonly path: readonly Key[] }
  | { readonly ok: false; readonly problem: string }

const NOWHERE: Resolved = { ok: false, problem: 'points to no schema in this document' }

/** What a `$ref` refers to: the whole schema (`#`) or the part that a JSON Pointer names (`#/$defs/Name`, RFC 6901). */
export function resolveReference(reference: string, root: Schema): Resolved {
  if (reference === '' || reference === '#') return { ok: true, schema: root, path: [] }
  if (!reference.startsWith('#')) {
    return { ok: false, problem: 'only references within the schema are supported, such as `#/$defs/Name`' }
  }
  if (!reference.startsWith('#/')) {
    return { ok: false, problem: 'references to an anchor are not supported; write `#/$defs/Name`' }
  }
  let part: unknown = root
  const path: Key[] = []
  for (const token of reference.slice(2).split('/')) {
    const key = keyOf(part, token)
    if (key === undefined) return NOWHERE
    part = Reflect.get(Object(part), key)
    path.push(key)
  }
  return isSchema(part) || typeof part === 'boolean' ? { ok: true, schema: part, path } : NOWHERE
}

/** What the `$ref` of a part refers to, if it has one that leads somewhere. */
export function referredBy(schema: Schema, root: Schema): Schema | boolean | undefined {
  const reference = schema['$ref']
  const resolved = typeof reference === 'string' ? resolveReference(reference, root) : undefined
  return resolved?.ok === true ? resolved.schema : undefined
}

/** The key of a part that a token of a pointer names, if the part has it. */
function keyOf(part: unknown, token: string): Key | undefined {
  if (Array.isArray(part)) return /^(?:0|[1-9]\d*)$/.test(token) ? Number(token) : undefined
  if (!isSchema(part)) return undefined
  // Some generators write names as they are, others percent-encoded.
  return [percentDecoded(token), token].map(unescaped).find((name) => Object.hasOwn(part, name))
}

const unescaped = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~')

function percentDecoded(token: string): string {
  try {
    return decodeURIComponent(token)
  } catch (error) {
    if (!(error instanceof URIError)) throw error
    return token
  }
}
