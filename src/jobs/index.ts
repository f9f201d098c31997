export { createJobs, type JobName, type Jobs, type JobsOptions } from './jobs.ts'
export type { JobCallbackSender, JobRoom, JobSource, JobWorkspace, JobWorkspaces } from './ports.ts'
