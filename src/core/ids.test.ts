import { expect, test } from 'vitest'
import { newId } from './ids.ts'

test('[HE2] ids carry their prefix and are never the same', () => {
  const ids = Array.from({ length: 1000 }, () => newId('req_'))
  for (const id of ids) expect(id).toMatch(/^req_[0-9a-f]{32}$/)
  expect(new Set(ids).size).toBe(1000)
})
