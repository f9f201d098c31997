import type { z } from 'zod'
import { GatewayError, shown } from '../core/index.ts'

const MAX_FIELD_CHARACTERS = 300

/** `['messages', 2, 'content']` → `messages[2].content`; what is too long to be told back is cut. */
export function fieldName(path: readonly PropertyKey[]): string {
  const name = path.reduce<string>(
    (before, key) =>
      typeof key === 'number' ? `${before}[${key}]` : `${before}${before === '' ? '' : '.'}${shown(String(key))}`,
    '',
  )
  return name.length <= MAX_FIELD_CHARACTERS ? name : `${name.slice(0, MAX_FIELD_CHARACTERS).toWellFormed()}…`
}

/** What is expected where a schema says no more than its type. */
const EXPECTED: Readonly<Record<string, string>> = {
  object: 'an object is expected',
  array: 'an array is expected',
  string: 'a string is expected',
  number: 'a number is expected',
  boolean: 'true or false is expected',
}

/** In the place of the validator's own sentences, wherever a schema has none of ours. */
export const plainMessage: z.core.$ZodErrorMap = (issue) =>
  issue.code === 'invalid_type'
    ? (EXPECTED[issue.expected] ?? 'another value is expected')
    : issue.code === 'invalid_value'
      ? `one of ${issue.values.join(', ')} is expected`
      : 'another value is expected'

interface Fault {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

/** The field at fault. Of a choice of forms, the one that the value was meant to have tells most: the one that got furthest. */
function deepest(issue: z.core.$ZodIssue, path: readonly PropertyKey[]): Fault {
  const here = [...path, ...issue.path]
  if (issue.code !== 'invalid_union') return { path: here, message: issue.message }
  const firsts = issue.errors.flatMap((errors) => errors.slice(0, 1))
  const meant = firsts.find((first) => first.path.length > 0) ?? firsts.find(({ code }) => code !== 'invalid_type')
  return meant === undefined ? { path: here, message: issue.message } : deepest(meant, here)
}

/** What a body does not satisfy, as the error that its sender gets. */
function invalidBody(error: z.ZodError): GatewayError {
  const issue = error.issues[0]
  if (issue === undefined) throw new Error('a body that was refused has an issue')
  const { path, message } = deepest(issue, [])
  const param = fieldName(path)
  return param === ''
    ? new GatewayError('invalid_request', `The body must be a JSON object: ${message}.`)
    : new GatewayError('invalid_request', `\`${param}\`: ${message}.`, { param })
}

/** What a body or a query holds. @throws GatewayError `invalid_request` that names the field at fault. */
export function parseFields<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const parsed = schema.safeParse(value, { error: plainMessage })
  if (!parsed.success) throw invalidBody(parsed.error)
  return parsed.data
}
