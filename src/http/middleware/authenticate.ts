import { createMiddleware } from 'hono/factory'
import type { KeyCheck } from '../../access/index.ts'
import { GatewayError } from '../../core/index.ts'
import type { AppEnv } from '../deps.ts'

/** Lets in only those who present a key, as the tenant whose key it is. */
export const authenticate = ({ tenantOf }: { readonly tenantOf: KeyCheck }) =>
  createMiddleware<AppEnv>(async function authenticate(c, next) {
    const presented = c.req.header('authorization')
    const tenant = tenantOf(presented)
    if (tenant !== undefined) {
      c.set('tenant', tenant)
      return await next()
    }
    throw new GatewayError(
      'invalid_api_key',
      presented === undefined
        ? 'No API key was presented. Send it as `Authorization: Bearer KEY`.'
        : 'The API key is wrong. Send the key of this server as `Authorization: Bearer KEY`.',
    )
  })
