import { describeConversationStore } from '../../test/support/describe-conversation-store.ts'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createMemoryConversations, nothingKept } from '../../test/support/memory-conversations.ts'

describeConversationStore('memory', async () => {
  const kept = nothingKept()
  const clock = createManualClock()
  const open = async () => createMemoryConversations({ clock, kept })
  return { store: await open(), reopen: open, beside: open, passTime: (ms) => clock.advance(ms) }
})

describeConversationStore('memory, by the time that passes', async () => {
  const kept = nothingKept()
  const open = async () => createMemoryConversations({ kept })
  return { store: await open(), reopen: open }
})
