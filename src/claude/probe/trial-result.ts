/** How a trial came out: a failure of the machine is not one of the CLI. */
import { GatewayError } from '../../core/index.ts'
import { ProcessLostError } from '../warm/index.ts'
import { LateError } from './pace.ts'

/** Why a trial showed nothing. */
export interface Obstacle {
  /**
   * `late`: a limit was reached. `failed`: a process ended by itself, or could not be started for the moment. `environment`:
   * a directory or a disk cannot be used. `program`: the file of the CLI cannot be run.
   */
  readonly kind: 'late' | 'failed' | 'environment' | 'program'
  /** What happened, as a part of a sentence. */
  readonly problem: string
  /** Of a process that ended itself; absent where a signal ended the process, or nothing did. */
  readonly exitCode?: number
}

export type TrialResult =
  | { readonly result: 'yes' }
  /** The CLI did something else than it should. */
  | { readonly result: 'no'; readonly problem: string }
  | ({ readonly result: 'unknown' } & Obstacle)

/** Causes of the system that its operator must remove; any other may pass by itself. */
const ENVIRONMENT = [
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
  'ENOENT',
  'ENOTDIR',
  'ENOEXEC',
  'ENAMETOOLONG',
  'ELOOP',
]
/** The CLI's own words where it meets such a cause. */
const IN_WORDS = new RegExp(
  String.raw`\b(?:${ENVIRONMENT.join('|')})\b|no space left on device|read-only file system`,
  'i',
)

const STDERR_CHARS = 300

/** An obstacle of the system; `undefined` where neither the error nor its cause is the system's. */
export function obstacleOfSystem(error: unknown): Obstacle | undefined {
  if (!(error instanceof Error)) return undefined
  if (!('code' in error && typeof error.code === 'string' && 'syscall' in error)) return obstacleOfSystem(error.cause)
  const { code, syscall, message: problem } = error
  if (!ENVIRONMENT.includes(code)) return { kind: 'failed', problem }
  return { kind: String(syscall).startsWith('spawn') ? 'program' : 'environment', problem }
}

/** A process that ended by itself with a failure, and what it wrote to stderr. */
export function obstacleOfExit(how: string, stderr: string): Obstacle {
  const words = stderr.trim().slice(-STDERR_CHARS)
  return {
    kind: IN_WORDS.test(words) ? 'environment' : 'failed',
    problem: `a process ended with ${how}${words === '' ? '' : ` (${words})`}`,
  }
}

interface Ending {
  readonly code: number | null
  readonly signal: string | null
  readonly stderr: string
}

/** How a process ended that was not ready yet. */
const exitOf = ({ details: { code, signal, stderr } }: GatewayError): Ending => ({
  code: typeof code === 'number' ? code : null,
  signal: typeof signal === 'string' ? signal : null,
  stderr: typeof stderr === 'string' ? stderr : '',
})

const hasEnded = (error: unknown): boolean => error instanceof ProcessLostError && error.why === 'ended'

/** What an error says that a trial of a pooled process threw; `exit` is how its process ended, where it did. */
export function toTrialResult(error: unknown, exit: Ending | undefined): TrialResult {
  const isNotReady = error instanceof GatewayError && error.code === 'cli_failed'
  const cause = isNotReady ? error.cause : error
  const ended = exit ?? (isNotReady ? exitOf(error) : undefined)
  if (cause instanceof LateError || (cause instanceof ProcessLostError && cause.why === 'late'))
    return { result: 'unknown', kind: 'late', problem: cause.message }
  const system = obstacleOfSystem(cause)
  if (system !== undefined) return { result: 'unknown', ...system }
  // One that ends as if nothing were wrong has done something else than it should.
  if (hasEnded(cause) && ended !== undefined && ended.code !== 0)
    return {
      result: 'unknown',
      ...obstacleOfExit(ended.code === null ? `${ended.signal}` : `code ${ended.code}`, ended.stderr),
      ...(ended.code === null ? {} : { exitCode: ended.code }),
    }
  return { result: 'no', problem: cause instanceof Error ? cause.message : String(cause) }
}
