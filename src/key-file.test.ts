import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { asNobody } from '../test/support/as-nobody.ts'
import { loadConfig } from './config/index.ts'
import { keyPathOf, openKeyFile, readKeyFile } from './key-file.ts'

const KEY = 'vv-0123456789abcdef0123456789abcdef'

let directory: string
let path: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-key-'))
  path = join(directory, 'api-key')
})
afterEach(() => rm(directory, { recursive: true }))

const modeOf = async (): Promise<number> => (await stat(path)).mode & 0o777

test('[CF5] [CF15] the first start makes a key that only its owner may read, and later starts use it', async () => {
  expect(await readKeyFile(path)).toBeUndefined()
  const made = await openKeyFile(path)
  expect(made).toEqual({ path, value: expect.stringMatching(/^vv-[0-9a-f]{32}$/), isNew: true })
  expect(await readFile(path, 'utf8')).toBe(`${made.value}\n`)
  expect(await modeOf()).toBe(0o600)
  expect(await openKeyFile(path)).toEqual({ ...made, isNew: false })
  expect(await readdir(directory)).toEqual(['api-key'])
})

test('[CF15] of several that make the file at once one wins, and all use its key', async () => {
  const opened = await Promise.all(Array.from({ length: 20 }, () => openKeyFile(path)))
  const kept = await readKeyFile(path)
  expect(opened.map(({ value }) => value)).toEqual(Array.from({ length: 20 }, () => kept))
  expect(opened.filter(({ isNew }) => isNew)).toHaveLength(1)
  expect(await readdir(directory)).toEqual(['api-key'])
})

test('[CF15] the rights of group and others are taken away', async () => {
  await writeFile(path, KEY)
  await chmod(path, 0o644)
  expect(await openKeyFile(path)).toEqual({ path, value: KEY, isNew: false })
  expect(await modeOf()).toBe(0o600)
})

test.each([
  ['an empty file', ''],
  ['blank space', '\n'],
  ['half a key', 'vv-0123'],
  ['another text', 'SECRET of somebody'],
  ['two keys', `${KEY}\n${KEY}\n`],
])('[CF16] %s is refused and left as it is', async (_, text) => {
  await writeFile(path, text, { mode: 0o600 })
  const refusal = `API_BEARER_TOKEN: the key in ${path} cannot be used: it does not hold a key that vivavoce made. Remove the file, and the next start makes a new key, or set API_BEARER_TOKEN`
  await expect(openKeyFile(path)).rejects.toMatchObject({ name: 'ConfigError', problems: [refusal] })
  expect(await readFile(path, 'utf8')).toBe(text)
})

test('[CF16] what cannot be read or made is refused with the reason', async () => {
  await writeFile(path, KEY, { mode: 0o000 })
  const refusal = (why: RegExp) => ({ name: 'ConfigError', message: expect.stringMatching(why) })
  {
    using _nobody = asNobody()
    await expect(openKeyFile(path)).rejects.toMatchObject(refusal(/api-key cannot be used: permission denied\. Make/))
  }
  const nowhere = join(directory, 'missing', 'api-key')
  await expect(openKeyFile(nowhere)).rejects.toMatchObject(refusal(/no such file or directory\. Make its directory/))
  await rm(path)
  await mkdir(path)
  await expect(openKeyFile(path)).rejects.toMatchObject(refusal(/illegal operation on a directory/))
})

test('[CF5] a key is kept only when none is configured', () => {
  const pathOf = (settings: Record<string, string>) =>
    keyPathOf(loadConfig({ HOME: '/home/me', VIVAVOCE_DATA_DIR: '/data', ...settings }))
  expect(pathOf({})).toBe('/data/api-key')
  expect(pathOf({ API_BEARER_TOKEN: 'k' })).toBeUndefined()
  expect(pathOf({ VIVAVOCE_TENANTS: 'a=k' })).toBeUndefined()
})
