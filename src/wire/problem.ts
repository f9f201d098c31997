import type { z } from 'zod'
import { GatewayError } from '../core/index.ts'

/** `['messages', 2, 'content']` → `messages[2].content`. */
const fieldName = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (name, key) => (typeof key === 'number' ? `${name}[${key}]` : `${name}${name === '' ? '' : '.'}${String(key)}`),
    '',
  )

/** The field at fault: of a choice of forms, the form that got furthest tells most. */
function deepest(
  issue: z.core.$ZodIssue,
  path: readonly PropertyKey[],
): { readonly path: readonly PropertyKey[]; readonly message: string } {
  const here = [...path, ...issue.path]
  if (issue.code !== 'invalid_union') return { path: here, message: issue.message }
  const inner = issue.errors
    .flatMap((errors) => errors.slice(0, 1))
    .map((error) => deepest(error, here))
    .filter(({ path: at }) => at.length > here.length)
  return inner[0] ?? { path: here, message: issue.message }
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
