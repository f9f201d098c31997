import type { Context } from 'hono'
import { GatewayError } from '../core/index.ts'
import type { AppEnv } from './deps.ts'

/** What stands behind `prefix` in the path, decoded. @throws GatewayError `not_found` when that cannot be. */
export function restOfPath(c: Context<AppEnv>, prefix: string): string {
  try {
    return decodeURIComponent(c.req.path.slice(prefix.length))
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause
    throw new GatewayError('not_found', 'The path holds a percent sign that encodes nothing.', { cause })
  }
}
