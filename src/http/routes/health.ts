import type { Context } from 'hono'
import type { AppDeps, AppEnv } from '../deps.ts'

export const health =
  ({ admission, poolFigures, version, cli, rehearsal }: AppDeps) =>
  (c: Context<AppEnv>): Response => {
    const pool = poolFigures()
    return c.json({
      status: 'ok',
      busy: admission.active >= admission.capacity,
      active: admission.active,
      queued: admission.queued,
      capacity: admission.capacity,
      version,
      cli,
      ...(pool === undefined ? {} : { pool }),
      ...(rehearsal ? { rehearsal } : {}),
    })
  }
