import type { Context } from 'hono'
import type { CliState } from '../../core/index.ts'
import type { AppDeps, AppEnv } from '../deps.ts'
import type { identify } from '../middleware/authenticate.ts'

/** What a caller with a key may know of the CLI: why something went wrong with it stands in the log. */
function shownCli(state: CliState): object {
  switch (state.status) {
    case 'ready':
      return {
        version: state.version,
        path: state.path,
        ...(state.missing.length === 0 ? {} : { missing: state.missing }),
        ...(state.replacement === undefined ? {} : { replacement: shownCli(state.replacement) }),
      }
    case 'verifying':
      return {
        status: state.status,
        reason: state.reason,
        path: state.path,
        attempt: state.attempt,
        since: new Date(state.sinceMs).toISOString(),
      }
    case 'refused':
      return { status: state.status, path: state.path }
  }
}

/**
 * 503 until turns are served, so that no load balancer sends any before. Without a key it says no more than a load balancer
 * needs. A wrong key is as none here: a balancer with a key of yesterday must not take a server that is well out of service.
 */
export const health =
  ({ admission, poolFigures, version, cliState, rehearsal }: AppDeps, who: ReturnType<typeof identify>) =>
  (c: Context<AppEnv>): Response => {
    const pool = poolFigures()
    const cli = cliState()
    const isReady = cli.status === 'ready'
    const figures =
      who(c).tenant === undefined
        ? {}
        : {
            active: admission.active,
            queued: admission.queued,
            capacity: admission.capacity,
            background: admission.background,
            cli: shownCli(cli),
            ...(pool === undefined ? {} : { pool }),
          }
    return c.json(
      {
        status: isReady ? 'ok' : 'starting',
        busy: admission.active >= admission.capacity,
        version,
        ...figures,
        ...(rehearsal ? { rehearsal } : {}),
      },
      isReady ? 200 : 503,
    )
  }
