import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openCapabilityCache, type CapabilityCache } from './capability-cache.ts'
import type { Findings } from './findings.ts'

const DAY_MS = 86_400_000
const FOUND: Findings = {
  pooled: true,
  abilities: {
    replay: 'steps',
    rewind: 'jump',
    systemPrompt: 'live',
    switchModel: true,
    liveSettings: true,
    environmentNote: 'sent',
    interrupt: false,
    functions: true,
  },
}

let directory: string
let nowMs: number
let cache: CapabilityCache
let cli: { readonly path: string; readonly version: string }
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-cache-'))
  nowMs = Date.parse('2026-11-29T00:00:00Z')
  cache = openCapabilityCache(join(directory, 'deep', 'capabilities.json'), { nowMs: () => nowMs })
  cli = { path: join(directory, 'claude'), version: '2.1.330' }
  await writeFile(cli.path, 'one')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

test('[SU9] what was found is kept for each binary, in one file that is written whole', async () => {
  expect(await cache.get(cli)).toBeUndefined()
  await cache.put(cli, FOUND)
  await cache.put({ ...cli, version: '2.1.197' }, { pooled: false, abilities: {} })
  expect(await cache.get(cli)).toEqual(FOUND)
  expect(await cache.get({ ...cli, version: '2.1.197' })).toEqual({ pooled: false, abilities: {} })
  expect(await readdir(join(directory, 'deep'))).toEqual(['capabilities.json'])
  expect(JSON.parse(await readFile(cache.path, 'utf8'))).toMatchObject({ format: 5 })
})

test('[SU9] an entry counts for seven days, and not at all when it comes from the future', async () => {
  await cache.put(cli, FOUND)
  nowMs += 7 * DAY_MS - 1
  expect(await cache.get(cli)).toEqual(FOUND)
  nowMs += 1
  expect(await cache.get(cli)).toBeUndefined()
  nowMs -= 8 * DAY_MS
  expect(await cache.get(cli)).toBeUndefined()
})

test('[SU9] a binary that is replaced in place is another one', async () => {
  await cache.put(cli, FOUND)
  await utimes(cli.path, 1, 1)
  expect(await cache.get(cli)).toBeUndefined()
})

test.each([
  ['of an older format', (text: string) => text.replace('"format":5', '"format":4')],
  ['that is cut off', (text: string) => text.slice(0, -5)],
  ['that says too little', (text: string) => text.replace('"replay":"steps",', '')],
  ['that is empty', () => ''],
])('[SU9] a file %s holds nothing, and is replaced', async (_, spoil) => {
  await cache.put(cli, FOUND)
  await writeFile(cache.path, spoil(await readFile(cache.path, 'utf8')))
  expect(await cache.get(cli)).toBeUndefined()
  await cache.put(cli, FOUND)
  expect(await cache.get(cli)).toEqual(FOUND)
})

test('[SU9] a file that cannot be written fails, and leaves nothing', async () => {
  const blocked = openCapabilityCache(join(cli.path, 'capabilities.json'), { nowMs: () => nowMs })
  expect(await blocked.get(cli)).toBeUndefined()
  await expect(blocked.put(cli, FOUND)).rejects.toThrow(/ENOTDIR|EEXIST/)
})
