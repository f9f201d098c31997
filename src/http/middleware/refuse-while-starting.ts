import { createMiddleware } from 'hono/factory'
import { notServedError } from '../../core/index.ts'
import type { AppDeps, AppEnv } from '../deps.ts'

/** Refuses what needs the CLI until the CLI is verified. Once it has served it stays in service: turns wait for a new version. */
export const refuseWhileStarting = ({ cliState }: Pick<AppDeps, 'cliState'>) =>
  createMiddleware<AppEnv>(async function refuseWhileStarting(_c, next) {
    const state = cliState()
    if (state.status !== 'ready') throw notServedError(state)
    await next()
  })
