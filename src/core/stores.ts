import type { Conversation, ConversationName } from './conversation.ts'
import type { Job } from './job.ts'

/** Keeps conversations. What `put` has resolved for survives the process. */
export interface ConversationStore {
  get(name: ConversationName): Promise<Conversation | undefined>
  put(conversation: Conversation): Promise<void>
  /** Resolves to whether there was one. */
  delete(name: ConversationName): Promise<boolean>
}

/** Keeps jobs. */
export interface JobStore {
  get(id: string): Promise<Job | undefined>
  put(job: Job): Promise<void>
  /** Removes the terminal jobs that finished at or before `finishedBeforeMs`; resolves to how many. */
  deleteFinished(options: { readonly finishedBeforeMs: number }): Promise<number>
}
