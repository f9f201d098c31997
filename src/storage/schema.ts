/** The tables as queries see them; `migrations.ts` makes them. Texts of callers are written by `text.ts`. */
import type { Generated, JSONColumnType } from 'kysely'
import type { Commit, ErrorCode, JobEventBody, JobStatus, PushedBranch, Usage } from '../core/index.ts'

type Json<T extends object> = JSONColumnType<T>
type OptionalJson<T extends object> = JSONColumnType<T | null, string | null, string | null>

interface ConversationRow {
  readonly tenant: string
  readonly id: string
  readonly created_at: Date
  readonly updated_at: Date
  readonly turn_count: number
  readonly agent: string
  readonly model: string
}

interface TurnRow {
  readonly tenant: string
  readonly conversation: string
  readonly sequence: number
  readonly question: string
  readonly answer: string
  readonly interrupted: boolean
  readonly agent: string
  readonly model: string
  readonly usage: OptionalJson<Usage>
  readonly cost_usd: number | null
  readonly asked_at: Date
  readonly answered_at: Date
}

interface ClaimRow {
  readonly tenant: string
  readonly conversation: string
  readonly epoch: string
  readonly expires_at: Date
}

interface JobRow {
  readonly id: string
  /** The order in which jobs were submitted. */
  readonly number: Generated<string>
  readonly tenant: string
  readonly agent: string
  readonly prompt: string
  readonly model: string
  readonly budget_usd: number
  readonly timeout_ms: number
  readonly priority: number
  readonly metadata: string
  readonly idempotency_key: string | null
  readonly order_digest: string
  readonly callback_url: string | null
  readonly push_to: string | null
  readonly status: JobStatus
  readonly attempt: Generated<number>
  readonly failures: Generated<number>
  /** Its delivery by the queue. */
  readonly delivery: string | null
  readonly event_count: Generated<number>
  readonly created_at: Generated<Date>
  readonly started_at: Date | null
  readonly finished_at: Date | null
  readonly output: string | null
  readonly error: string | null
  readonly error_code: ErrorCode | null
  readonly exit_code: number | null
  readonly cost_usd: number | null
  readonly usage: OptionalJson<Usage>
  readonly commits: OptionalJson<readonly Commit[]>
  readonly pushed: OptionalJson<PushedBranch>
  readonly has_patch: Generated<boolean>
  /** What the newest attempt has appended last. */
  readonly last_batch: string | null
  /** Its outcome is still to be told. */
  readonly is_callback_due: Generated<boolean>
}

interface JobPatchRow {
  readonly job: string
  readonly patch: Uint8Array
}

interface JobEventRow {
  readonly job: string
  readonly sequence: number
  readonly at: Generated<Date>
  readonly body: Json<JobEventBody>
}

export interface Schema {
  readonly conversations: ConversationRow
  readonly turns: TurnRow
  readonly claims: ClaimRow
  readonly jobs: JobRow
  readonly job_patches: JobPatchRow
  readonly job_events: JobEventRow
}
