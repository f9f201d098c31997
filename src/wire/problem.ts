import type { z } from 'zod'
import { GatewayError } from '../core/index.ts'

/** `['messages', 2, 'content']` → `messages[2].content`. */
export const fieldName = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (name, key) => (typeof key === 'number' ? `${name}[${key}]` : `${name}${name === '' ? '' : '.'}${String(key)}`),
    '',
  )

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
export function invalidBody(error: z.ZodError): GatewayError {
  const issue = error.issues[0]
  if (issue === undefined) throw new Error('a body that was refused has an issue')
  const { path, message } = deepest(issue, [])
  const param = fieldName(path)
  return param === ''
    ? new GatewayError('invalid_request', `The body must be a JSON object: ${message}.`)
    : new GatewayError('invalid_request', `\`${param}\`: ${message}.`, { param })
}
