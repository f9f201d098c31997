import { createHash, timingSafeEqual } from 'node:crypto'

/** A key and whose it is. */
export interface TenantKey {
  readonly tenant: string
  readonly key: string
}

/** The keys that a request presents, as its headers hold them. */
export interface Presented {
  readonly authorization?: string | undefined
  readonly apiKeys?: readonly string[]
}

/**
 * The tenant whose key is presented. Keys that are unknown do not count: clients send a dummy in one header and the key in
 * another. Keys of several tenants are nobody's. Constant in time; an empty key fits no header.
 */
export interface KeyCheck {
  (presented: Presented): string | undefined
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

export function createKeyCheck(keys: readonly TenantKey[]): KeyCheck {
  const expected = keys.filter(({ key }) => key !== '').map(({ tenant, key }) => ({ tenant, digest: digest(key) }))
  return ({ authorization, apiKeys = [] }) => {
    const bearer = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? ''
    const found = new Set<string>()
    for (const presented of [bearer, ...apiKeys].map(digest)) {
      // Every key is compared, whatever was presented.
      for (const { tenant, digest: own } of expected) if (timingSafeEqual(presented, own)) found.add(tenant)
    }
    const [tenant, ...others] = found
    return others.length === 0 ? tenant : undefined
  }
}
