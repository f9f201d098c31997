export { encodeJob, encodeJobCallback } from './job-body.ts'
export { encodeJobEvent, parseLastEventId } from './job-events.ts'
export { encodeJobList, parseJobListQuery, type JobListQuery } from './job-list.ts'
export { parseIdempotencyKey, parseJobRequest, type JobRequest } from './job-request.ts'
