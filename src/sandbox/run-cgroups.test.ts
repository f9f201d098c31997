import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { findCgroups } from './find-cgroups.ts'
import { openRunCgroups } from './run-cgroups.ts'

const limits = { memoryBytes: 64 * 1024 * 1024, processes: 20 }

test('[SB14] with version 2 the cgroup is found below the mount that shows it', () => {
  const mounts = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n'
  const at = '/sys/fs/cgroup/system.slice/vivavoce.service'
  expect(findCgroups({ membership: '0::/system.slice/vivavoce.service\n', mounts })).toEqual({
    version: 2,
    directories: { memory: at, pids: at },
  })
})

test('[SB14] with version 1 each controller has a cgroup of its own, which a mount may show from a part on', () => {
  const mounts = [
    '31 25 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
    '32 25 0:28 /docker/1 /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
    String.raw`33 25 0:29 / /sys/fs/c\040group/pids rw shared:5 - cgroup none rw,pids`,
  ].join('\n')
  expect(findCgroups({ membership: '4:memory:/docker/1/own\n3:cpu,pids:/\n0::/\n', mounts })).toEqual({
    version: 1,
    directories: { memory: '/sys/fs/cgroup/memory/own', pids: '/sys/fs/c group/pids' },
  })
  const cpu = '34 25 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct'
  expect(
    findCgroups({ membership: '4:memory:/docker/1\n3:cpu,cpuacct:/a\n2:pids:/\n', mounts: `${mounts}\n${cpu}` }),
  ).toEqual({
    version: 1,
    directories: {
      memory: '/sys/fs/cgroup/memory',
      pids: '/sys/fs/c group/pids',
      cpu: '/sys/fs/cgroup/cpu,cpuacct/a',
    },
  })
})

test('[SB15] there is none where none is mounted, or another part than that of this process', () => {
  expect(findCgroups({ membership: '0::/\n', mounts: '' })).toBeUndefined()
  const mounts = '30 23 0:26 /other /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n'
  expect(findCgroups({ membership: '0::/own\n', mounts })).toBeUndefined()
})

const cgroups = await openRunCgroups(limits)

test.skipIf(cgroups === undefined)(
  '[SB14] runs of several gateways in one process have cgroups of their own',
  async () => {
    const others = await openRunCgroups(limits)
    const made = [await cgroups?.create(), await others?.create(), await others?.create()]
    const files = made.flatMap((cgroup) => cgroup?.joinFiles ?? [])
    expect([files.length > 0, new Set(files).size]).toEqual([true, files.length])
    for (const cgroup of made) await cgroup?.[Symbol.asyncDispose]()
    expect(files.filter((file) => existsSync(file))).toEqual([])
  },
)

test.skipIf(cgroups === undefined)(
  '[SB14] what joins the cgroup of a run is limited, and ends when the run does (skipped where none can be made)',
  async () => {
    const cgroup = await cgroups?.create()
    const { joinFiles = [] } = cgroup ?? {}
    const pidsMax = await Promise.all(
      joinFiles.map((file) => readFile(`${dirname(file)}/pids.max`, 'utf8').catch(() => '')),
    )
    expect(pidsMax.join('').trim()).toBe('20')
    const joined = joinFiles.map((file) => `echo $$ > '${file}'`).join('; ')
    const child = spawn('/bin/sh', ['-c', `${joined}; echo in; exec sleep 620.25`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    await once(child.stdout, 'data')
    const ended = once(child, 'exit')
    await cgroup?.[Symbol.asyncDispose]()
    expect(await ended).toEqual([null, 'SIGKILL'])
    expect(joinFiles.filter((file) => existsSync(file))).toEqual([])
  },
)

const own = findCgroups({
  membership: readFileSync('/proc/self/cgroup', 'utf8'),
  mounts: readFileSync('/proc/self/mountinfo', 'utf8'),
})

test.skipIf(cgroups === undefined || own?.directories.cpu === undefined)(
  '[SB28] a run has a share of the processors (skipped without version 1 of the controller cpu)',
  async () => {
    await using cgroup = await cgroups?.create()
    const shares = (cgroup?.joinFiles ?? []).map((file) => join(dirname(file), 'cpu.shares'))
    expect(shares.filter((file) => existsSync(file))).toHaveLength(1)
  },
)

test.skipIf(cgroups === undefined)(
  '[SB25] a gateway that starts ends and removes what a killed one left, and nothing of one that runs',
  async () => {
    await using running = await cgroups?.create()
    const { joinFiles = [] } = running ?? {}
    // No process has both this number and this start.
    const left = joinFiles.map((file) => join(dirname(dirname(file)), `vivavoce-run-${process.pid}.1-${randomUUID()}`))
    for (const directory of left) await mkdir(directory)
    const joined = left.map((directory) => `echo $$ > '${directory}/cgroup.procs'`).join('; ')
    const child = spawn('/bin/sh', ['-c', `${joined}; echo in; exec sleep 620.25`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const ended = once(child, 'exit')
    await once(child.stdout, 'data')
    await openRunCgroups(limits)
    expect(await ended).toEqual([null, 'SIGKILL'])
    expect(left.filter((directory) => existsSync(directory))).toEqual([])
    expect(joinFiles.every((file) => existsSync(file))).toBe(true)
  },
)
