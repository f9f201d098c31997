import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { GatewayError, retryAfterSeconds } from '../../core/index.ts'
import type { AppDeps, AppEnv } from '../deps.ts'

/** What clients of Anthropic's API and of Azure present a key in. */
const KEY_HEADERS = ['x-api-key', 'api-key']

/** Whose key was presented, or why nobody's was. */
export type Identified = { readonly tenant: string } | { readonly tenant?: undefined; readonly refusal: GatewayError }

/**
 * Who calls. Every key is compared before anything else is looked at, so a right one counts from any address, and what
 * a wrong one is answered, and how soon, does not depend on how near it is.
 */
export const identify =
  ({ tenantOf, wrongKeys, observer }: Pick<AppDeps, 'tenantOf' | 'wrongKeys' | 'observer'>) =>
  (c: Context<AppEnv>): Identified => {
    const authorization = c.req.header('authorization')
    const apiKeys = KEY_HEADERS.flatMap((name) => c.req.header(name) ?? [])
    const tenant = tenantOf({ authorization, apiKeys })
    if (tenant !== undefined) return { tenant }
    if (authorization === undefined && apiKeys.length === 0)
      return {
        refusal: new GatewayError(
          'invalid_api_key',
          'No API key was presented. Send it as `Authorization: Bearer KEY`.',
        ),
      }
    const clientAddress = c.get('clientAddress')
    // It is absent where the client is gone already.
    const attempt = clientAddress === undefined ? undefined : wrongKeys.presented(clientAddress)
    if (clientAddress !== undefined && attempt?.isNews === true)
      observer.observe({
        type: 'key-refused',
        requestId: c.get('requestId'),
        clientAddress,
        isLimited: attempt.isLimited,
      })
    return {
      refusal:
        attempt?.isLimited === true
          ? new GatewayError(
              'too_many_wrong_keys',
              'Too many wrong API keys came from this address. Wait as long as `retry-after` says, then send the key of this server.',
              { retryAfterSeconds: retryAfterSeconds(attempt.retryAfterMs) },
            )
          : new GatewayError(
              'invalid_api_key',
              'The API key is wrong. Send the key of this server as `Authorization: Bearer KEY`.',
            ),
    }
  }

/** Lets in only those who present a key, as the tenant whose key it is. */
export const authenticate = (who: ReturnType<typeof identify>) =>
  createMiddleware<AppEnv>(async function authenticate(c, next) {
    const identified = who(c)
    if (identified.tenant === undefined) throw identified.refusal
    c.set('tenant', identified.tenant)
    await next()
  })
