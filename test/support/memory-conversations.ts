import type { ConversationStore } from '../../src/core/index.ts'

/** A `ConversationStore` as large as a test: a map of texts, which two stores may share as two openings share a disk. */
export function createMemoryConversations(disk = new Map<string, string>()): ConversationStore {
  return {
    async get(id) {
      const kept = disk.get(id)
      return kept === undefined ? undefined : (JSON.parse(kept) as Awaited<ReturnType<ConversationStore['get']>>)
    },
    async put(conversation) {
      disk.set(conversation.id, JSON.stringify(conversation))
    },
    delete: async (id) => disk.delete(id),
  }
}
