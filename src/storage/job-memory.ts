import { isTerminal, type Job, type JobStore } from '../core/index.ts'

/** Jobs in memory: gone with the process. */
export function createJobMemory(): JobStore {
  const jobs = new Map<string, Job>()
  return {
    get: async (id) => jobs.get(id),
    async put(job) {
      jobs.set(job.id, job)
    },
    async deleteFinished({ finishedBeforeMs }) {
      const old = [...jobs.values()].filter((job) => isTerminal(job) && (job.finishedAtMs ?? 0) <= finishedBeforeMs)
      for (const { id } of old) jobs.delete(id)
      return old.length
    },
  }
}
