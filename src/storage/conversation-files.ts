/** Conversations as files, one each: written whole beside the old one, flushed, then put in its place. */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ConversationName, ConversationStore } from '../core/index.ts'
import { hasCode } from '../lib/index.ts'

const shape = z.object({
  tenant: z.string(),
  id: z.string(),
  turns: z.array(z.object({ user: z.string(), assistant: z.string() })),
})

/** Opens the store in `directory`, which is made when it is missing. */
export async function openConversationFiles(directory: string): Promise<ConversationStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  // What a crash left half written was never acknowledged.
  for (const name of await readdir(directory))
    if (name.endsWith('.new')) await rm(join(directory, name), { force: true })
  /** Any text is an id, so a digest names the file. */
  const pathOf = ({ tenant, id }: ConversationName): string =>
    join(
      directory,
      `${createHash('sha256')
        .update(JSON.stringify([tenant, id]))
        .digest('hex')}.json`,
    )

  async function flushDirectory(): Promise<void> {
    await using handle = await open(directory, 'r')
    await handle.sync()
  }

  return {
    async get(name) {
      let text: string
      try {
        text = await readFile(pathOf(name), 'utf8')
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return undefined
        throw error
      }
      return shape.parse(JSON.parse(text))
    },
    async put(conversation) {
      const path = pathOf(conversation)
      const fresh = `${path}.${randomUUID()}.new`
      try {
        {
          await using handle = await open(fresh, 'wx', 0o600)
          await handle.writeFile(JSON.stringify(conversation))
          await handle.sync()
        }
        await rename(fresh, path)
      } catch (error) {
        await rm(fresh, { force: true })
        throw error
      }
      await flushDirectory()
    },
    async delete(name) {
      try {
        await rm(pathOf(name))
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return false
        throw error
      }
      await flushDirectory()
      return true
    },
  }
}
