/** Conversations that version 0.1 kept as files, one each: taken over into the store, then removed. */
import { readdir, readFile, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ConversationStore, Observer } from '../core/index.ts'
import { hasCode } from '../lib/index.ts'

const LEASE_MS = 60_000

const shape = z.object({
  tenant: z.string(),
  id: z.string(),
  turns: z.array(z.object({ user: z.string(), assistant: z.string() })),
})

/** One that was broken off goes on where it was: a turn that is there is not added again. */
async function takeOver(path: string, store: ConversationStore): Promise<void> {
  const { tenant, id, turns } = shape.parse(JSON.parse(await readFile(path, 'utf8')))
  const { mtimeMs } = await stat(path)
  const atMs = Math.floor(mtimeMs)
  const there = (await store.get({ tenant, id }))?.turnCount ?? 0
  for (const { user, assistant } of turns.slice(there)) {
    const claim = await store.claim({ tenant, id }, { leaseMs: LEASE_MS })
    if (claim === undefined) throw new Error('the conversation is in use')
    await store.append(claim, {
      user,
      assistant,
      interrupted: false,
      agent: 'conversational',
      model: 'unknown',
      askedAtMs: atMs,
      answeredAtMs: atMs,
    })
  }
  await rm(path)
}

/** What cannot be read stays where it is, and is reported. */
export async function takeOverOldConversations(
  directory: string,
  { store, observer }: { readonly store: ConversationStore; readonly observer: Observer },
): Promise<void> {
  let names: readonly string[]
  try {
    names = await readdir(directory)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return
    throw error
  }
  for (const name of names) {
    try {
      if (name.endsWith('.json')) await takeOver(join(directory, name), store)
      // Half written, and so never acknowledged.
      else if (name.endsWith('.new')) await rm(join(directory, name))
    } catch (error) {
      observer.observe({ type: 'cleanup-failed', what: 'old conversation', error })
    }
  }
  await rmdir(directory).catch((error: unknown) => {
    if (!hasCode(error, 'ENOTEMPTY')) observer.observe({ type: 'cleanup-failed', what: 'old conversations', error })
  })
}
