import type { Context } from 'hono'
import { GatewayError } from '../core/index.ts'
import { parseJson } from '../lib/index.ts'
import type { AppEnv } from './deps.ts'

/** Deeper values exhaust the stack of whoever writes them out again. */
const MAX_DEPTH = 500

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** How deep the arrays and objects of a JSON text go. */
function depthOf(json: string): number {
  let depth = 0
  let deepest = 0
  let isInString = false
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (isInString) {
      if (code === BACKSLASH) at++
      else if (code === QUOTE) isInString = false
    } else if (code === QUOTE) isInString = true
    else if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, ++depth)
    else if (code === 0x5d || code === 0x7d) depth--
  }
  return deepest
}

/** The body as a JSON value. @throws GatewayError `invalid_request` when it is none. */
export function readJson(c: Context<AppEnv>): unknown {
  const text = c.get('body')
  const parsed = parseJson(text)
  if (!parsed.ok) {
    const empty = text.trim() === ''
    throw new GatewayError(
      'invalid_request',
      empty ? 'The body is empty; a JSON object is expected.' : 'The body is not valid JSON.',
    )
  }
  if (depthOf(text) > MAX_DEPTH)
    throw new GatewayError('invalid_request', `The body is nested more than ${MAX_DEPTH} levels deep.`)
  return parsed.value
}
