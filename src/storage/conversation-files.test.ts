import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openConversationFiles } from './conversation-files.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'vivavoce-store-'))
})
afterEach(() => rm(root, { recursive: true }))

const name = { tenant: 't', id: '../x' }
const talk = { ...name, turns: [{ user: 'Здравей', assistant: '🙂' }] }

test('[CV5] a directory that is missing is made, for its owner only', async () => {
  const directory = join(root, 'a', 'b')
  await openConversationFiles(directory)
  expect((await stat(directory)).mode & 0o777).toBe(0o700)
})

test('[CV5] each conversation is one file of its owner’s, inside the directory, and no other is left', async () => {
  const store = await openConversationFiles(root)
  await store.put(talk)
  await store.put({ ...talk, turns: [] })
  const files = await readdir(root)
  expect(files).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.json$/)])
  const [file = ''] = files
  expect((await stat(join(root, file))).mode & 0o777).toBe(0o600)
  expect(JSON.parse(await readFile(join(root, file), 'utf8'))).toEqual({ ...talk, turns: [] })
})

test('[CV5] what a crash left half written does no harm', async () => {
  const store = await openConversationFiles(root)
  await store.put(talk)
  const [file = ''] = await readdir(root)
  await writeFile(
    join(root, `${file}.1b4e28ba-2fa1-11d2-883f-0016d3cca427.new`),
    '{"tenant":"t","id":"../x","turns":[{"us',
  )
  const again = await openConversationFiles(root)
  expect(await again.get(name)).toEqual(talk)
  await again.put({ ...talk, turns: [] })
  expect(await again.get(name)).toEqual({ ...talk, turns: [] })
  expect(await again.delete(name)).toBe(true)
  expect(await again.get(name)).toBeUndefined()
})

test('[CV5] a file that is no conversation is a failure, not an empty conversation', async () => {
  const store = await openConversationFiles(root)
  await store.put(talk)
  const [file = ''] = await readdir(root)
  for (const broken of [
    '',
    '{"tenant":"t","id":"../x","tur',
    '[]',
    '{"tenant":"t","id":"../x","turns":[{"user":1,"assistant":"a"}]}',
    '{"id":"../x","turns":[]}',
  ]) {
    await writeFile(join(root, file), broken)
    await expect(store.get(name)).rejects.toThrow(Error)
  }
})

test('[CV5] a put that fails leaves the conversation as it was and nothing beside it', async () => {
  const store = await openConversationFiles(root)
  await store.put(talk)
  const circular: { user: string; assistant: string; self?: unknown } = { user: 'a', assistant: 'b' }
  circular.self = circular
  await expect(store.put({ ...talk, turns: [circular] })).rejects.toThrow(TypeError)
  expect(await store.get(name)).toEqual(talk)
  expect(await readdir(root)).toHaveLength(1)
})
