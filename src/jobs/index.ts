export { createJobs, type JobOrder, type Jobs } from './jobs.ts'
