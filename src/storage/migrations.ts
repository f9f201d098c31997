/** The steps that make the tables, in order. What has landed is never changed: a change is another step. */
import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'

export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-conversations': {
    async up(db) {
      await sql`
        create table vivavoce.conversations (
          tenant text not null,
          id text not null,
          created_at timestamptz not null,
          updated_at timestamptz not null,
          turn_count integer not null,
          agent text not null,
          model text not null,
          primary key (tenant, id)
        )`.execute(db)
      await sql`create index conversations_by_turn on vivavoce.conversations (tenant, updated_at desc, id desc)`.execute(
        db,
      )
      await sql`
        create table vivavoce.turns (
          tenant text not null,
          conversation text not null,
          sequence integer not null,
          question text not null,
          answer text not null,
          interrupted boolean not null,
          agent text not null,
          model text not null,
          usage json,
          cost_usd double precision,
          asked_at timestamptz not null,
          answered_at timestamptz not null,
          primary key (tenant, conversation, sequence),
          foreign key (tenant, conversation) references vivavoce.conversations on delete cascade
        )`.execute(db)
      await sql`create sequence vivavoce.epochs`.execute(db)
      await sql`
        create table vivavoce.claims (
          tenant text not null,
          conversation text not null,
          epoch bigint not null,
          expires_at timestamptz not null,
          primary key (tenant, conversation)
        )`.execute(db)
    },
  },
  '0002-jobs': {
    async up(db) {
      await sql`
        create table vivavoce.jobs (
          id text primary key,
          number bigint generated always as identity,
          tenant text not null,
          agent text not null,
          prompt text not null,
          model text not null,
          budget_usd double precision not null,
          timeout_ms integer not null,
          priority integer not null,
          metadata json not null,
          idempotency_key text,
          order_digest text not null,
          callback_url text,
          push_to text,
          status text not null,
          attempt integer not null default 0,
          failures integer not null default 0,
          delivery uuid,
          event_count integer not null default 0,
          created_at timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
          started_at timestamptz,
          finished_at timestamptz,
          output text,
          error text,
          error_code text,
          exit_code integer,
          cost_usd double precision,
          usage json,
          commits json,
          pushed json,
          has_patch boolean not null default false,
          last_batch text,
          is_callback_due boolean not null default false,
          unique (tenant, idempotency_key)
        )`.execute(db)
      await sql`create index jobs_by_number on vivavoce.jobs (tenant, number desc)`.execute(db)
      await sql`create index jobs_queued on vivavoce.jobs (status) where status = 'queued'`.execute(db)
      await sql`create index jobs_by_end on vivavoce.jobs (finished_at) where finished_at is not null`.execute(db)
      await sql`
        create table vivavoce.job_patches (
          job text primary key references vivavoce.jobs on delete cascade,
          patch bytea not null
        )`.execute(db)
      await sql`
        create table vivavoce.job_events (
          job text not null references vivavoce.jobs on delete cascade,
          sequence integer not null,
          at timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
          body json not null,
          primary key (job, sequence)
        )`.execute(db)
    },
  },
  '0003-jobs-in-turn': {
    async up(db) {
      await sql`
        create index jobs_not_over on vivavoce.jobs (tenant, status) where status in ('queued', 'running')
      `.execute(db)
      await sql`
        create index jobs_by_start on vivavoce.jobs (tenant, started_at desc) where started_at is not null
      `.execute(db)
    },
  },
  '0004-metadata-as-sent': {
    async up(db) {
      // A driver reads `json` into values, which have no other order of keys and no other numbers than JavaScript's.
      await sql`alter table vivavoce.jobs alter column metadata type text using metadata::text`.execute(db)
    },
  },
}
