import { expect, test } from 'vitest'
import { describeLimits, limitCommands, tmpfsBytes } from './run-limits.ts'

const limits = { memoryBytes: 512 * 1024 * 1024, processes: 200 }

test.each([
  ['cgroup', false, 'by cgroup a run has at most 512 MiB of memory and 200 processes, and a process 4096 open files'],
  ['cgroup', true, 'by cgroup a run has at most 512 MiB of memory and 200 processes, and a process 4096 open files'],
  ['prlimit', false, 'by prlimit a process has at most 512 MiB of memory and 4096 open files; a command 200 processes'],
  [
    'prlimit',
    true,
    'by prlimit a process has at most 512 MiB of memory and 4096 open files; its processes are not limited, since root runs them',
  ],
] as const)('[SB19] limits by %s, as root: %j, in words', (route, isRoot, words) => {
  expect(describeLimits(limits, route, isRoot)).toBe(words)
})

test('[SB15] [SB16] [SB24] without a cgroup the shell limits memory and processes too', () => {
  expect(limitCommands(limits, 'cgroup')).toBe('ulimit -c 0 2>/dev/null; ulimit -n 4096 2>/dev/null; ')
  expect(limitCommands(limits, 'prlimit')).toBe(
    'ulimit -c 0 2>/dev/null; ulimit -n 4096 2>/dev/null; ulimit -d 524288 2>/dev/null; ulimit -u 200 2>/dev/null; ',
  )
})

test('[SB13] four file systems in memory hold together as much as a run may use', () => {
  expect(4 * tmpfsBytes(limits)).toBe(limits.memoryBytes)
})
