/** What becomes of the work that a run has left in its workspace: it is collected, and pushed where that is asked for. */
import { GatewayError, toGatewayError, type Clock, type Job, type JobOutcome, type Observer } from '../core/index.ts'
import { limited } from './limited.ts'
import type { JobWorkspace } from './ports.ts'

const LIMIT_MS = 120_000

const late = (): GatewayError => new GatewayError('workspace_failed', 'The work of the run could not be saved in time.')

export interface HandInOptions {
  /** Resolves when the attempt still counts; rejects with the signal's reason when it does not. */
  readonly confirm: () => Promise<void>
  readonly clock: Clock
  readonly observer: Observer
  readonly signal: AbortSignal
}

type Collected = Pick<JobOutcome, 'commits' | 'patch' | 'error' | 'errorCode'>

/** The answer stands whether or not its changes can be had; where they cannot, the job says so in `error`. */
async function collect(
  workspace: JobWorkspace,
  job: Job,
  { clock, observer, signal }: HandInOptions,
): Promise<Collected> {
  try {
    const { patch, commits } = await limited((within) => workspace.changes({ signal: within }), {
      ms: LIMIT_MS,
      late: late(),
      clock,
      signal,
    })
    if (patch === undefined) return { commits, error: 'What the run changed is too large to be kept as a patch.' }
    return patch.byteLength === 0 ? { commits } : { commits, patch }
  } catch (thrown) {
    signal.throwIfAborted()
    const error = toGatewayError(thrown)
    observer.observe({ type: 'job-failed', jobId: job.id, code: error.code, error })
    return { error: `What the run changed could not be collected: ${error.message}`, errorCode: error.code }
  }
}

/** A push that fails makes the job fail: what was asked for is not there. What the agent answered stays with it. */
async function push(
  workspace: JobWorkspace,
  { job, branch }: { readonly job: Job; readonly branch: string },
  { confirm, clock, observer, signal }: HandInOptions,
): Promise<Partial<JobOutcome>> {
  await confirm()
  try {
    const message = `Work of ${job.agent} (${job.id})`
    const pushed = await limited((within) => workspace.push({ branch, message, signal: within }), {
      ms: LIMIT_MS,
      late: late(),
      clock,
      signal,
    })
    return pushed === undefined ? {} : { pushed }
  } catch (thrown) {
    signal.throwIfAborted()
    const error = toGatewayError(thrown)
    observer.observe({ type: 'job-failed', jobId: job.id, code: error.code, error })
    return { status: 'failed', error: error.message, errorCode: error.code }
  }
}

/** The outcome of an answer together with what was changed on the way to it. */
export async function handIn(
  answered: JobOutcome,
  workspace: JobWorkspace,
  job: Job,
  options: HandInOptions,
): Promise<JobOutcome> {
  const collected = await collect(workspace, job, options)
  const pushed = job.pushTo === undefined ? {} : await push(workspace, { job, branch: job.pushTo }, options)
  return { ...answered, ...collected, ...pushed }
}
