import type { ConversationName, ConversationStore } from '../../src/core/index.ts'

const keyOf = ({ tenant, id }: ConversationName): string => JSON.stringify([tenant, id])

/** A `ConversationStore` as large as a test: a map of texts, which two stores may share as two openings share a disk. */
export function createMemoryConversations(disk = new Map<string, string>()): ConversationStore {
  return {
    async get(name) {
      const kept = disk.get(keyOf(name))
      return kept === undefined ? undefined : (JSON.parse(kept) as Awaited<ReturnType<ConversationStore['get']>>)
    },
    async put(conversation) {
      disk.set(keyOf(conversation), JSON.stringify(conversation))
    },
    delete: async (name) => disk.delete(keyOf(name)),
  }
}
