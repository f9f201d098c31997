/** Conversations as files, one each: written whole beside the old one, flushed, then put in its place. */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Conversation, ConversationStore } from '../core/index.ts'
import { hasCode } from '../lib/index.ts'

const shape = z.object({
  id: z.string(),
  turns: z.array(z.object({ user: z.string(), assistant: z.string() })),
  session: z
    .object({ uuid: z.string(), opened: z.boolean(), resumeAt: z.string().optional(), persona: z.string() })
    .optional(),
})

const toConversation = ({ id, turns, session }: z.infer<typeof shape>): Conversation => {
  if (session === undefined) return { id, turns }
  const { uuid, opened, resumeAt, persona } = session
  return { id, turns, session: { uuid, opened, persona, ...(resumeAt === undefined ? {} : { resumeAt }) } }
}

/** Opens the store in `directory`, which is made when it is missing. */
export async function openConversationFiles(directory: string): Promise<ConversationStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  // What a crash left half written was never acknowledged.
  for (const name of await readdir(directory))
    if (name.endsWith('.new')) await rm(join(directory, name), { force: true })
  /** Any text is an id, so its digest names the file. */
  const pathOf = (id: string): string => join(directory, `${createHash('sha256').update(id).digest('hex')}.json`)

  async function flushDirectory(): Promise<void> {
    await using handle = await open(directory, 'r')
    await handle.sync()
  }

  return {
    async get(id) {
      let text: string
      try {
        text = await readFile(pathOf(id), 'utf8')
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return undefined
        throw error
      }
      return toConversation(shape.parse(JSON.parse(text)))
    },
    async put(conversation) {
      const path = pathOf(conversation.id)
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
    async delete(id) {
      try {
        await rm(pathOf(id))
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return false
        throw error
      }
      await flushDirectory()
      return true
    },
  }
}
