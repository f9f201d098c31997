import { Kysely, PostgresDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import type { Home } from './home.ts'
import { MIGRATIONS } from './migrations.ts'
import type { Schema } from './schema.ts'

/** The schema of our tables; `migrations.ts` names it too. */
export const SCHEMA = 'vivavoce'

export type Database = Kysely<Schema>

/** Queries over a home, whose tables are brought up to date first, under a lock. @throws what the database says. */
export async function openDatabase({ pool }: Home): Promise<Database> {
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
    migrationTableSchema: SCHEMA,
  })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw error
  return db.withSchema(SCHEMA)
}
