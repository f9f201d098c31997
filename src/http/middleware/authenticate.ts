import { createMiddleware } from 'hono/factory'
import type { KeyCheck } from '../../access/index.ts'
import { GatewayError } from '../../core/index.ts'
import type { AppEnv } from '../deps.ts'

/** What clients of Anthropic's API and of Azure present a key in. */
const KEY_HEADERS = ['x-api-key', 'api-key']

/** Lets in only those who present a key, as the tenant whose key it is. */
export const authenticate = ({ tenantOf }: { readonly tenantOf: KeyCheck }) =>
  createMiddleware<AppEnv>(async function authenticate(c, next) {
    const authorization = c.req.header('authorization')
    const apiKeys = KEY_HEADERS.flatMap((name) => c.req.header(name) ?? [])
    const tenant = tenantOf({ authorization, apiKeys })
    if (tenant !== undefined) {
      c.set('tenant', tenant)
      return await next()
    }
    throw new GatewayError(
      'invalid_api_key',
      authorization === undefined && apiKeys.length === 0
        ? 'No API key was presented. Send it as `Authorization: Bearer KEY`.'
        : 'The API key is wrong. Send the key of this server as `Authorization: Bearer KEY`.',
    )
  })
