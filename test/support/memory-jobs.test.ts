import { createMemoryJobs } from './memory-jobs.ts'
import { describeJobStore } from './describe-job-store.ts'

describeJobStore('memory', async () => {
  const store = createMemoryJobs()
  return { store, reopen: async () => store, loseHeartbeats: async () => store.loseHeartbeats() }
})
