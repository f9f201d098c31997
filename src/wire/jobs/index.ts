export { encodeJob, parseJobRequest, type JobRequest } from './jobs.ts'
