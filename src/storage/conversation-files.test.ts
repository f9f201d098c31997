import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { describeConversationStore } from '../../test/support/describe-conversation-store.ts'
import { openConversationFiles } from './conversation-files.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'vivavoce-store-'))
})
afterEach(() => rm(root, { recursive: true }))

const talk = { id: '../x', turns: [{ user: 'Здравей', assistant: '🙂' }] }

describeConversationStore('files', async () => {
  const directory = join(root, 'conversations')
  return { store: await openConversationFiles(directory), reopen: () => openConversationFiles(directory) }
})

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
  const [name = ''] = files
  expect((await stat(join(root, name))).mode & 0o777).toBe(0o600)
  expect(JSON.parse(await readFile(join(root, name), 'utf8'))).toEqual({ ...talk, turns: [] })
})

test('[CV5] what a crash left half written does no harm', async () => {
  const store = await openConversationFiles(root)
  await store.put(talk)
  const [name = ''] = await readdir(root)
  await writeFile(join(root, `${name}.1b4e28ba-2fa1-11d2-883f-0016d3cca427.new`), '{"id":"../x","turns":[{"us')
  const again = await openConversationFiles(root)
  expect(await again.get(talk.id)).toEqual(talk)
  await again.put({ ...talk, turns: [] })
  expect(await again.get(talk.id)).toEqual({ ...talk, turns: [] })
  expect(await again.delete(talk.id)).toBe(true)
  expect(await again.get(talk.id)).toBeUndefined()
})

test('[CV5] a file that is no conversation is a failure, not an empty conversation', async () => {
  const store = await openConversationFiles(root)
  await store.put(talk)
  const [name = ''] = await readdir(root)
  for (const broken of ['', '{"id":"../x","tur', '[]', '{"id":"../x","turns":[{"user":1,"assistant":"a"}]}']) {
    await writeFile(join(root, name), broken)
    await expect(store.get(talk.id)).rejects.toThrow(Error)
  }
})

test('[CV5] a put that fails leaves the conversation as it was and nothing beside it', async () => {
  const store = await openConversationFiles(root)
  await store.put(talk)
  const circular: { user: string; assistant: string; self?: unknown } = { user: 'a', assistant: 'b' }
  circular.self = circular
  await expect(store.put({ ...talk, turns: [circular] })).rejects.toThrow(TypeError)
  expect(await store.get(talk.id)).toEqual(talk)
  expect(await readdir(root)).toHaveLength(1)
})
