import { createHash, timingSafeEqual } from 'node:crypto'

/** A key and whose it is. */
export interface TenantKey {
  readonly tenant: string
  readonly key: string
}

/** The tenant whose key an `Authorization` header presents. Constant in time; an empty key fits no header. */
export interface KeyCheck {
  (authorization: string | undefined): string | undefined
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

export function createKeyCheck(keys: readonly TenantKey[]): KeyCheck {
  const expected = keys.filter(({ key }) => key !== '').map(({ tenant, key }) => ({ tenant, digest: digest(key) }))
  return (authorization) => {
    const presented = digest(/^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '')
    let found: string | undefined
    // Every key is compared, whatever was presented.
    for (const { tenant, digest: own } of expected) if (timingSafeEqual(presented, own)) found = tenant
    return found
  }
}
