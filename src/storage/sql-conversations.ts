/** Conversations in the database. The right to a turn is a row with an epoch: who writes names it, and it must still be there. */
import { sql, type Selectable } from 'kysely'
import { z } from 'zod'
import type {
  Claim,
  ConversationName,
  ConversationStore,
  ConversationSummary,
  ConversationTurn,
} from '../core/index.ts'
import type { Database } from './database.ts'
import { fromCursor, toPage } from './page.ts'
import type { Schema } from './schema.ts'
import { fromColumn, toColumn } from './text.ts'

/** The greatest time that there is, in milliseconds. */
const MAX_TIME_MS = 8_640_000_000_000_000

const position = z.tuple([z.int().min(0).max(MAX_TIME_MS), z.string()])

const inMs = (ms: number) => sql<Date>`clock_timestamp() + ${ms} * interval '1 millisecond'`

const keyOf = ({ tenant, id }: ConversationName) => ({ tenant: toColumn(tenant), conversation: toColumn(id) })

const toSummary = (row: Selectable<Schema['conversations']>): ConversationSummary => ({
  tenant: fromColumn(row.tenant),
  id: fromColumn(row.id),
  createdAtMs: row.created_at.getTime(),
  updatedAtMs: row.updated_at.getTime(),
  turnCount: row.turn_count,
  agent: row.agent,
  model: row.model,
})

const toTurn = (row: Selectable<Schema['turns']>): ConversationTurn => ({
  user: fromColumn(row.question),
  assistant: fromColumn(row.answer),
  interrupted: row.interrupted,
  agent: row.agent,
  model: row.model,
  ...(row.usage === null ? {} : { usage: row.usage }),
  ...(row.cost_usd === null ? {} : { costUsd: row.cost_usd }),
  askedAtMs: row.asked_at.getTime(),
  answeredAtMs: row.answered_at.getTime(),
})

export function createSqlConversations(db: Database): ConversationStore {
  /** Removes the right, if it is still this one. Within a transaction it stays locked until the end. */
  async function take(trx: Database, { epoch, ...name }: Claim): Promise<boolean> {
    const { tenant, conversation } = keyOf(name)
    const { numDeletedRows } = await trx
      .deleteFrom('claims')
      .where('tenant', '=', tenant)
      .where('conversation', '=', conversation)
      .where('epoch', '=', String(epoch))
      .executeTakeFirst()
    return numDeletedRows > 0n
  }

  return {
    get: (name) =>
      db.transaction().execute(async (trx) => {
        const { tenant, conversation } = keyOf(name)
        // Locked, so that no turn is added between the two.
        const row = await trx
          .selectFrom('conversations')
          .selectAll()
          .where('tenant', '=', tenant)
          .where('id', '=', conversation)
          .forShare()
          .executeTakeFirst()
        if (row === undefined) return undefined
        const turns = await trx
          .selectFrom('turns')
          .selectAll()
          .where('tenant', '=', tenant)
          .where('conversation', '=', conversation)
          .orderBy('sequence')
          .execute()
        return { ...toSummary(row), turns: turns.map(toTurn) }
      }),

    async list(tenant, { limit, after }) {
      const from = position.safeParse(fromCursor(after))
      let query = db.selectFrom('conversations').selectAll().where('tenant', '=', toColumn(tenant))
      if (from.success) {
        const [updatedAtMs, id] = from.data
        query = query.where((eb) =>
          eb(eb.refTuple('updated_at', 'id'), '<', eb.tuple(new Date(updatedAtMs), toColumn(id))),
        )
      }
      const rows = await query
        .orderBy('updated_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute()
      return toPage(rows.map(toSummary), limit, ({ updatedAtMs, id }) => [updatedAtMs, id])
    },

    async claim(name, { leaseMs }) {
      const taken = await db
        .insertInto('claims')
        .values({
          ...keyOf(name),
          epoch: sql<string>`nextval('vivavoce.epochs')`,
          expires_at: inMs(leaseMs),
        })
        .onConflict((conflict) =>
          conflict
            .columns(['tenant', 'conversation'])
            .doUpdateSet((eb) => ({ epoch: eb.ref('excluded.epoch'), expires_at: eb.ref('excluded.expires_at') }))
            .where('claims.expires_at', '<=', sql<Date>`clock_timestamp()`),
        )
        .returning('epoch')
        .executeTakeFirst()
      return taken === undefined ? undefined : { tenant: name.tenant, id: name.id, epoch: Number(taken.epoch) }
    },

    async extend({ epoch, ...name }, { leaseMs }) {
      const { tenant, conversation } = keyOf(name)
      const { numUpdatedRows } = await db
        .updateTable('claims')
        .set({ expires_at: inMs(leaseMs) })
        .where('tenant', '=', tenant)
        .where('conversation', '=', conversation)
        .where('epoch', '=', String(epoch))
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    append: (claim, turn) =>
      db.transaction().execute(async (trx) => {
        if (!(await take(trx, claim))) return false
        const { tenant, conversation } = keyOf(claim)
        const answeredAt = new Date(turn.answeredAtMs)
        const { agent, model } = turn
        const { turn_count: sequence } = await trx
          .insertInto('conversations')
          .values({
            tenant,
            id: conversation,
            created_at: new Date(turn.askedAtMs),
            updated_at: answeredAt,
            turn_count: 1,
            agent,
            model,
          })
          .onConflict((conflict) =>
            conflict.columns(['tenant', 'id']).doUpdateSet((eb) => ({
              updated_at: answeredAt,
              turn_count: eb('conversations.turn_count', '+', 1),
              agent,
              model,
            })),
          )
          .returning('turn_count')
          .executeTakeFirstOrThrow()
        await trx
          .insertInto('turns')
          .values({
            tenant,
            conversation,
            sequence,
            question: toColumn(turn.user),
            answer: toColumn(turn.assistant),
            interrupted: turn.interrupted,
            agent,
            model,
            usage: turn.usage === undefined ? null : JSON.stringify(turn.usage),
            cost_usd: turn.costUsd ?? null,
            asked_at: new Date(turn.askedAtMs),
            answered_at: answeredAt,
          })
          .execute()
        return true
      }),

    async release(claim) {
      await take(db, claim)
    },

    delete: (claim) =>
      db.transaction().execute(async (trx) => {
        if (!(await take(trx, claim))) return undefined
        const { tenant, conversation } = keyOf(claim)
        const { numDeletedRows } = await trx
          .deleteFrom('conversations')
          .where('tenant', '=', tenant)
          .where('id', '=', conversation)
          .executeTakeFirst()
        return numDeletedRows > 0n
      }),

    deleteIdle: ({ updatedBeforeMs }) =>
      db.transaction().execute(async (trx) => {
        const idle = new Date(updatedBeforeMs)
        // Whoever wants a turn of one of these meanwhile waits until it is gone.
        const taken = await trx
          .insertInto('claims')
          .columns(['tenant', 'conversation', 'epoch', 'expires_at'])
          .expression((eb) =>
            eb
              .selectFrom('conversations')
              .select(['tenant', 'id', sql<string>`nextval('vivavoce.epochs')`.as('epoch'), inMs(0).as('expires_at')])
              .where('updated_at', '<', idle),
          )
          .onConflict((conflict) =>
            conflict
              .columns(['tenant', 'conversation'])
              .doUpdateSet((eb) => ({ epoch: eb.ref('excluded.epoch') }))
              .where('claims.expires_at', '<=', sql<Date>`clock_timestamp()`),
          )
          .returning(['tenant', 'conversation', 'epoch'])
          .execute()
        let count = 0
        for (const { tenant, conversation, epoch } of taken) {
          const { numDeletedRows } = await trx
            .deleteFrom('conversations')
            .where('tenant', '=', tenant)
            .where('id', '=', conversation)
            .where('updated_at', '<', idle)
            .executeTakeFirst()
          count += Number(numDeletedRows)
          await trx.deleteFrom('claims').where('epoch', '=', epoch).execute()
        }
        return count
      }),
  }
}
