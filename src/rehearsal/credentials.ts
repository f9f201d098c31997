import type { IncomingHttpHeaders } from 'node:http'

/** The only credential that the rehearsal accepts, as `x-api-key` or as a bearer. */
export const REHEARSAL_KEY = 'rehearsal'

const CREDENTIAL_HEADERS: readonly string[] = ['x-api-key', 'authorization', 'proxy-authorization', 'cookie']
const WITHHELD = '(withheld)'

/** Whether the request bears the rehearsal's key and no other credential. */
export function hasRehearsalKey(headers: IncomingHttpHeaders): boolean {
  const given = [headers['x-api-key'], headers.authorization?.replace(/^bearer /i, '')].filter(
    (key) => key !== undefined,
  )
  return given.length > 0 && given.every((key) => key === REHEARSAL_KEY)
}

/** The headers with the values of credentials withheld, also of the rehearsal's own. */
export const withoutCredentials = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, CREDENTIAL_HEADERS.includes(name) ? WITHHELD : value]),
  )
