/** A hostile run fills the disk of the gateway by files that it has deleted. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasBubblewrap } from '../support/has-bubblewrap.ts'
import { startStage, type Stage } from '../support/stage.ts'

const DISK_MB = 200
const LEFT_KB = 4000

const run = (program: string, ...args: readonly string[]): boolean => spawnSync(program, args).status === 0

let directory: string
let disk: string
let stage: Stage
let hasDisk = false

beforeAll(async () => {
  if (!hasBubblewrap) return
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-attack-'))
  disk = await mkdtemp(join(tmpdir(), 'vivavoce-disk-'))
  hasDisk = run('mount', '-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', disk)
  if (!hasDisk) return
  await writeFile(join(directory, 'worker.md'), '---\nname: worker\ndescription: Works.\ntools: Bash\n---\nYou work.\n')
  await writeFile(join(directory, 'talker.md'), '---\nname: talker\ndescription: Talks.\n---\nYou talk.\n')
  stage = await startStage({
    directory: disk,
    env: {
      VIVAVOCE_AGENTS_DIR: directory,
      VIVAVOCE_STREAM_AGENT: 'talker',
      VIVAVOCE_AGENT: 'worker',
      VIVAVOCE_WORKSPACE_MAX_MB: '64',
    },
  })
})
afterAll(async () => {
  await stage?.close()
  if (hasDisk) run('umount', disk)
  for (const made of [directory, disk]) if (made !== undefined) await rm(made, { recursive: true, force: true })
})

test('[WS15] a run that fills the disk by deleted files is stopped (skipped where no disk can be mounted)', async (context) => {
  if (!hasDisk) return context.skip()
  const free = '[ $(df --output=avail -k . | tail -1) -gt'
  const command = `for fd in 20 21 22 23; do eval "exec $fd>held"; rm held; for i in $(seq 60); do ${free} ${LEFT_KB} ] && head -c 1M /dev/zero >&$fd; done; done; sleep 5; ${free} ${LEFT_KB + 1024} ] || echo filled`
  const content = `go [rehearse call=!Bash input=${JSON.stringify({ command, timeout: 60_000 })}]`
  const response = await stage.fetch('/v1/chat/completions', {
    body: { model: 'worker/sonnet', messages: [{ role: 'user', content }] },
  })
  expect([response.status, await response.json()]).toEqual([
    503,
    {
      error: expect.objectContaining({
        code: 'workspace_failed',
        message: expect.stringContaining('disk of the server is nearly full'),
      }),
    },
  ])
})
