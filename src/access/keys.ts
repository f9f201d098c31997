import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether an `Authorization` header presents the key. Constant in time; an empty key fits no header. */
export interface KeyCheck {
  (authorization: string | undefined): boolean
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

export function createKeyCheck(key: string): KeyCheck {
  const expected = digest(key)
  return (authorization) => {
    const presented = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? ''
    // Both digests are made and compared whatever was presented.
    const equal = timingSafeEqual(digest(presented), expected)
    return equal && key !== ''
  }
}
