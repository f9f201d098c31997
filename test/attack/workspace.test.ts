/** A hostile run fills its workspace. */
import { statSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasBubblewrap } from '../support/has-bubblewrap.ts'
import { jobsOn } from '../support/jobs-on-stage.ts'
import { startStage, type Stage } from '../support/stage.ts'
import { scaled } from './scale.ts'

const MIB = 1024 * 1024
/** Empty files that nearly take the limit, since each counts 4 KiB, and that make a measurement slow. */
const EMPTY_FILES = scaled({ full: 60_000, short: 15_000 })
const LIMIT_MB = scaled({ full: 256, short: 64 })
const LARGE_FILES = scaled({ full: 200, short: 40 })
const LARGE_FILE_MB = 16
/** Between two files: a fast disk would take them all before anybody can look. */
const PAUSE_SECONDS = 0.1

let directory: string
let stage: Stage

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-attack-'))
  await writeFile(join(directory, 'worker.md'), '---\nname: worker\ndescription: Works.\ntools: Bash\n---\nYou work.\n')
  await writeFile(join(directory, 'talker.md'), '---\nname: talker\ndescription: Talks.\n---\nYou talk.\n')
  stage = await startStage({
    env: {
      VIVAVOCE_AGENTS_DIR: directory,
      VIVAVOCE_STREAM_AGENT: 'talker',
      VIVAVOCE_AGENT: 'worker',
      VIVAVOCE_WORKSPACE_MAX_MB: String(LIMIT_MB),
    },
  })
})
afterAll(async () => {
  await stage?.close()
  await rm(directory, { recursive: true, force: true })
})

const promptOf = (command: string): string =>
  `go [rehearse call=!Bash input=${JSON.stringify({ command, timeout: 60_000 })}]`

const ask = (command: string): Promise<Response> =>
  stage.fetch('/v1/chat/completions', {
    body: { model: 'worker/sonnet', messages: [{ role: 'user', content: promptOf(command) }] },
  })

const TOO_LARGE = [
  503,
  {
    error: expect.objectContaining({
      code: 'workspace_unusable',
      message: expect.stringContaining('VIVAVOCE_WORKSPACE_MAX_MB'),
    }),
  },
]

/** How much the large files of the one run hold that is under way. */
async function largeBytes(): Promise<number> {
  const workspaces = join(stage.directory, 'data', 'workspaces')
  const runs = (await readdir(workspaces)).filter((name) => name.startsWith('run-'))
  const files = runs.flatMap((run) =>
    Array.from({ length: LARGE_FILES }, (_, index) => join(workspaces, run, 'checkout', `large${index + 1}`)),
  )
  return files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0)
}

describe.skipIf(!hasBubblewrap)('a run that fills its workspace (skipped where bubblewrap cannot run)', () => {
  test('[WS5] is stopped soon, also if many files make each measurement slow', async () => {
    const empty = `perl -e 'for (1..${EMPTY_FILES}) { open(F, ">", "empty$_"); close F }'`
    const write = `for i in $(seq ${LARGE_FILES}); do head -c ${LARGE_FILE_MB}M /dev/zero > large$i; sleep ${PAUSE_SECONDS}; done`
    const state = { isOver: false, mostBytes: 0 }
    const response = ask(`${empty}; sleep 4; ${write}; echo written`).finally(() => (state.isOver = true))
    while (!state.isOver) {
      state.mostBytes = Math.max(state.mostBytes, await largeBytes())
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const { status, json } = await response.then(async (one) => ({ status: one.status, json: await one.json() }))
    expect([status, json]).toEqual(TOO_LARGE)
    expect(state.mostBytes).toBeLessThan((LARGE_FILES * LARGE_FILE_MB * MIB * 3) / 4)
  })

  test('[WS13] does not end as a success, however quickly it is done', async () => {
    const response = await ask(`for i in 1 2 3; do head -c ${LIMIT_MB / 2}M /dev/zero > large$i; done; echo written`)
    expect([response.status, await response.json()]).toEqual(TOO_LARGE)
  })

  test('[WS13] does not end as a success as a job either', async () => {
    const jobs = jobsOn(() => stage)
    const write = `for i in 1 2 3; do head -c ${LIMIT_MB / 2}M /dev/zero > large$i; done`
    const job = await jobs.ended(await jobs.submit(promptOf(write), { agent: 'worker' }))
    expect(job).toMatchObject({ status: 'error', error: expect.stringContaining('VIVAVOCE_WORKSPACE_MAX_MB') })
  })

  test('[SB9] writes no file that is larger than its workspace may be', async () => {
    const response = await ask(`head -c ${2 * LIMIT_MB}M /dev/zero > large; stat -c 'holds %s' large; rm large`)
    expect(response.status).toBe(200)
    expect(stage.rehearsal.requests.map(({ rawBody }) => rawBody).join('')).toContain(`holds ${LIMIT_MB * MIB}`)
  })
})
