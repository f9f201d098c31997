/** Following a job to its end: what following and waiting have in common. */
import { shown } from '../../core/index.ts'
import { isAbortOf } from '../../lib/index.ts'
import type { Client } from '../client.ts'
import { CommandError } from '../command-error.ts'
import { persistently } from '../persistently.ts'
import type { Progress } from '../progress.ts'
import type { World } from '../world.ts'
import { followEvents, type ShownEvent } from './events.ts'
import { jobPath, jobSchema, type ShownJob } from './job.ts'

interface WatchOptions {
  readonly client: Client
  readonly progress: Progress
  /** The server was there a moment ago. */
  readonly wasReached: boolean
  onEvent(event: ShownEvent): void
}

/**
 * Resolves to the job once it is over. What ends it earlier leaves the job as it is, and says so.
 * @throws CommandError
 */
export async function watchJob(
  id: string,
  { client, progress, wasReached, onEvent }: WatchOptions,
  world: World,
): Promise<ShownJob> {
  const { signal, pause } = world
  let isKnown = wasReached
  let isOver = false
  try {
    const onLost = (waitMs: number): void => progress.note(`the connection was lost; again in ${waitMs / 1000} s`)
    for await (const event of followEvents(id, { ...world, client, wasReached, onLost })) {
      isKnown = true
      isOver = event.type === 'ended'
      onEvent(event)
    }
    return await persistently(() => client.ask(jobSchema, jobPath(id), { signal }), {
      pause,
      signal,
      wasReached: true,
    })
  } catch (thrown) {
    const error: unknown = isAbortOf(thrown, signal) ? signal.reason : thrown
    if (!(error instanceof CommandError)) throw error
    const goesOn = (isKnown || error.code === 'interrupted') && !isOver && error.code !== 'not_found'
    const more = `; the job goes on: \`vivavoce jobs follow ${id}\` follows it, \`vivavoce jobs cancel ${id}\` ends it`
    throw error.with(goesOn ? more : '', { job_id: id })
  }
}

/** What goes on after an event, in some words; nothing where it tells of no change. */
export function doingAfter({
  type,
  name,
  input = '',
  attempt = 1,
  error = 'it failed',
  in_ms: inMs = 0,
}: ShownEvent): string | undefined {
  switch (type) {
    case 'queued':
      return 'queued'
    case 'started':
      return attempt > 1 ? `running, attempt ${attempt}` : 'running'
    case 'tool':
      return `${name ?? 'a tool'} ${shown(input)}`.trimEnd()
    case 'retrying':
      return `to be tried again in ${Math.ceil(inMs / 1000)} s (${error})`
    default:
      return undefined
  }
}
