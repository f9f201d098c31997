import type { Pool } from 'pg'

/** Where the store lives: one dialect, two homes. */
export interface Home {
  readonly kind: 'pglite' | 'postgres'
  readonly pool: Pool
  /** Resolves with the reason when the home is no more, whether it was closed or broke. */
  readonly gone: Promise<Error>
  close(): Promise<void>
}
