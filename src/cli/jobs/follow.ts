import { clientOptions, forStdout, openClient, writeJson } from '../client-command.ts'
import { UsageError } from '../command-error.ts'
import { defineCommand } from '../command-line/index.ts'
import { harmlessLine } from '../harmless.ts'
import { liveProgress, plainProgress, silentProgress, type Progress } from '../progress.ts'
import type { World } from '../world.ts'
import { exitCodeOf, outcomeOf } from './job.ts'
import type { ShownEvent } from './events.ts'
import { doingAfter, watchJob } from './watch.ts'

/** What the job says goes to stdout, all else beside it: on a terminal, each on lines of its own. */
function printer(world: World, progress: Progress): (event: ShownEvent) => void {
  const { stdout, stderr } = world
  const isLive = stderr.isTTY === true
  let isMidLine = false
  return (event) => {
    if (event.type === 'text') {
      if (event.text === undefined || event.text === '') return
      progress.hide()
      stdout.write(forStdout(world, event.text))
      isMidLine = !event.text.endsWith('\n')
      return
    }
    const doing = doingAfter(event)
    if (isMidLine && stdout.isTTY === true) stdout.write('\n')
    isMidLine = false
    if (doing === undefined) return
    progress.note(doing)
    if (isLive) progress.show(doing)
  }
}

export const follow = defineCommand({
  name: 'jobs follow',
  summary: 'Show what a job does, as it happens',
  positionals: 'ID',
  description:
    'Show what a job does, from its start and as it happens: its text on stdout, its states and tools on stderr. Exit with 0 when the job was completed, otherwise with 1. Ctrl-C ends the following, not the job.',
  options: clientOptions('each event'),
  examples: ['vivavoce jobs follow JOB_ID', 'vivavoce jobs follow JOB_ID --json'],
  async run({ values, positionals }, world) {
    const [id, ...rest] = positionals
    if (id === undefined || rest.length > 0) throw new UsageError('one id of a job is expected')
    const { client } = openClient(values, world)
    const isJson = values.json === true
    using progress = isJson ? silentProgress : world.stderr.isTTY === true ? liveProgress(world) : plainProgress(world)
    const onEvent = isJson ? (event: ShownEvent) => writeJson(world, event) : printer(world, progress)
    const job = await watchJob(id, { client, progress, wasReached: false, onEvent }, world)
    progress.hide()
    if (!isJson) world.stderr.write(`${harmlessLine(outcomeOf(job))}\n`)
    return exitCodeOf(job.status)
  },
})
