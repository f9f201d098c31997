/** A hostile command in the sandbox attacks the gateway, other runs and the machine. */
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toBlocks } from '../../src/rehearsal/index.ts'
import { hasBubblewrap } from '../support/has-bubblewrap.ts'
import { startStage, type Stage } from '../support/stage.ts'
import { scaled } from './scale.ts'

const MEMORY_MB = 256
const PROCESSES = 150
/** A gateway that is frozen, or has no process left, takes longer by far. */
const SLOWEST_HEALTH_MS = 5000

const hasCompiler = spawnSync('/usr/bin/cc', ['--version']).status === 0

/** Prints of each attempt its name and the number of the error it came to, 0 if it got through. */
const program = (attempts: readonly (readonly [name: string, expression: string, errno: number])[]): string => `
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
static char page[4096];
static void *thread(void *_) { return _; }
#define TRY(name, expression) do { errno = 0; long r = (expression); printf("%s=%d;", name, r < 0 ? errno : 0); fflush(stdout); } while (0)
int main(void) {
${attempts.map(([name, expression]) => `  TRY("${name}", ${expression});`).join('\n')}
  return 0;
}
`

const [EPERM, ENOSYS, EOPNOTSUPP, EAFNOSUPPORT] = [1, 38, 95, 97] as const

const NAMESPACES = ['NEWUSER', 'NEWNS', 'NEWPID', 'NEWNET', 'NEWIPC', 'NEWUTS', 'NEWCGROUP']

/** Each with the error that it must come to. */
const ATTEMPTS: readonly (readonly [name: string, expression: string, errno: number])[] = [
  ['unshare-cgroup', 'unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP)', EPERM],
  ['unshare-time', 'unshare(0x80)', EPERM],
  ...NAMESPACES.flatMap((flag): (readonly [string, string, number])[] => [
    [`unshare-${flag}`, `unshare(CLONE_${flag})`, EPERM],
    [`clone-${flag}`, `syscall(SYS_clone, CLONE_${flag} | CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)`, EPERM],
  ]),
  ['clone3', 'syscall(SYS_clone3, page, 88)', ENOSYS],
  ['setns', 'setns(0, 0)', EPERM],
  ...['cgroup2', 'tmpfs', 'mqueue', 'binfmt_misc', 'proc', 'overlay'].map((type): readonly [string, string, number] => [
    `mount-${type}`,
    `mount("x", "/tmp", "${type}", 0, 0)`,
    EPERM,
  ]),
  ['bind', 'mount("/", "/tmp", 0, MS_BIND | MS_REC, 0)', EPERM],
  ['remount', 'mount(0, "/", 0, MS_REMOUNT, 0)', EPERM],
  ['umount', 'umount2("/tmp", MNT_DETACH)', EPERM],
  ['fsopen', 'syscall(430, "cgroup2", 0)', EPERM],
  ['open_tree', 'syscall(428, -100, "/", 1)', EPERM],
  ['move_mount', 'syscall(429, -1, "", -100, "/tmp", 4)', EPERM],
  ['mount_setattr', 'syscall(442, -100, "/", 0, page, 32)', EPERM],
  ['pivot_root', 'syscall(SYS_pivot_root, "/tmp", "/tmp")', EPERM],
  ['chroot', 'chroot("/tmp")', EPERM],
  ['add_key', 'syscall(SYS_add_key, "user", "left-behind", "secret", 6, -3)', EPERM],
  ['request_key', 'syscall(SYS_request_key, "user", "left-behind", 0, -3)', EPERM],
  ['keyctl-session', 'syscall(SYS_keyctl, 0, -3, 1)', EPERM],
  ['keyctl-read', 'syscall(SYS_keyctl, 11, -3, page, 4096)', EPERM],
  ['bpf', 'syscall(SYS_bpf, 0, page, 64)', EPERM],
  ['perf_event_open', 'syscall(SYS_perf_event_open, page, 0, -1, -1, 0)', EPERM],
  ['userfaultfd', 'syscall(SYS_userfaultfd, 1)', EPERM],
  ['io_uring_setup', 'syscall(425, 1, page)', EPERM],
  ['io_uring_enter', 'syscall(426, 0, 1, 0, 0, 0)', EPERM],
  ['io_uring_register', 'syscall(427, -1, 0, 0, 0)', EPERM],
  ['TIOCSTI', 'ioctl(0, 0x5412, "x")', EPERM],
  ['TIOCLINUX', 'syscall(SYS_ioctl, 0, 0xffffffff0000541cul, page)', EPERM],
  ['personality', 'personality(0x400000)', EPERM],
  ['open_by_handle_at', 'syscall(SYS_open_by_handle_at, -100, page, 0)', EPERM],
  ['kexec_load', 'syscall(SYS_kexec_load, 0, 0, 0, 0)', EPERM],
  ['init_module', 'syscall(SYS_init_module, page, 0, "")', EPERM],
  ['swapon', 'syscall(SYS_swapon, "/tmp", 0)', EPERM],
  ['reboot', 'syscall(SYS_reboot, 0xfee1dead, 672274793, 0x1234567, 0)', EPERM],
  ['ptrace-first', 'ptrace(PTRACE_SEIZE, 1, 0, 0)', EPERM],
  ['ptrace-first-by-32-bits', 'syscall(SYS_ptrace, PTRACE_SEIZE, 0x100000001l, 0, 0)', EPERM],
  ['read-first', 'syscall(SYS_process_vm_readv, 1, 0, 0, 0, 0, 0)', EPERM],
  ['write-first', 'syscall(SYS_process_vm_writev, 1, 0, 0, 0, 0, 0)', EPERM],
  ['pidfd-first', 'syscall(434, 1, 0)', EPERM],
  ['fallocate', 'syscall(SYS_fallocate, 1, 0, 0, 1 << 20)', EOPNOTSUPP],
  ['posix_fallocate', '({ FILE *f = fopen("reserved", "w"); -posix_fallocate(fileno(f), 0, 1 << 20); })', 0],
  ['FS_IOC_RESVSP64', 'ioctl(1, 0x4030582a, page)', EPERM],
  ['newer-call', 'syscall(470, 0, 0)', ENOSYS],
  // Programs need these, which go on to work.
  ['fork', '({ pid_t p = fork(); if (p == 0) _exit(0); waitpid(p, 0, 0); })', 0],
  ['thread', '({ pthread_t t; int r = pthread_create(&t, 0, thread, 0); if (!r) pthread_join(t, 0); -r; })', 0],
  ['unix', 'socket(AF_UNIX, SOCK_STREAM, 0)', 0],
  ['netlink', 'socket(AF_NETLINK, SOCK_RAW, 0)', 0],
  ['ptrace', 'ptrace(PTRACE_TRACEME, 0, 0, 0)', 0],
  ['pidfd', 'syscall(434, getpid(), 0)', 0],
]

/** The families of sockets that get through. */
const FAMILIES_SOURCE = `
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
int main(void) {
  for (int family = 0; family < 64; family++)
    for (int type = 1; type < 6; type++)
      if (socket(family, type, 0) >= 0 || errno != ${EAFNOSUPPORT}) { printf("%d,", family); break; }
  return 0;
}
`

const compiled = (source: string, name: string): string =>
  `cat > ${name}.c <<'END'\n${source}\nEND\ncc -w -pthread -o ${name} ${name}.c`

let directory: string
let stage: Stage

beforeAll(async () => {
  if (!hasBubblewrap) return
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-attack-'))
  const agents = join(directory, 'agents')
  await mkdir(agents)
  const agent = (name: string, more = ''): Promise<void> =>
    writeFile(
      join(agents, `${name}.md`),
      `---\nname: ${name}\ndescription: Works.\ntools: Bash\n${more}---\nYou work.\n`,
    )
  await agent('worker')
  await agent('online', 'network: true\n')
  await writeFile(join(agents, 'talker.md'), '---\nname: talker\ndescription: Talks.\n---\nYou talk.\n')
  stage = await startStage({
    env: {
      // To the system the empty folder is the one that a program starts in: the workspace.
      PATH: `:${process.env['PATH'] ?? ''}`,
      VIVAVOCE_AGENTS_DIR: agents,
      VIVAVOCE_STREAM_AGENT: 'talker',
      VIVAVOCE_AGENT: 'worker',
      VIVAVOCE_SANDBOX_MEMORY_MB: String(MEMORY_MB),
      VIVAVOCE_SANDBOX_PROCESSES: String(PROCESSES),
    },
  })
})
afterAll(async () => {
  await stage?.close()
  await rm(directory, { recursive: true, force: true })
})

/** The output of each command of a run that runs one after the other. */
async function printed(name: string, ...commands: readonly string[]): Promise<readonly string[]> {
  const { length } = stage.rehearsal.requests
  const content = `go ${commands
    .map(
      (command, index) =>
        `[rehearse ${index === 0 ? 'call' : 'then-call'}=!Bash input=${JSON.stringify({ command, timeout: 60_000 })}]`,
    )
    .join('\n')}`
  const response = await stage.fetch('/v1/chat/completions', {
    body: { model: `${name}/sonnet`, messages: [{ role: 'user', content }] },
  })
  expect([response.status, await response.text()]).toEqual([200, expect.anything()])
  const results = stage.rehearsal.requests.slice(length).map(({ body }) =>
    body.messages
      .flatMap(({ content: parts }) => toBlocks(parts))
      .filter(({ type }) => type === 'tool_result')
      .map((block) => JSON.stringify(block)),
  )
  return results.toSorted((one, other) => other.length - one.length)[0] ?? []
}

/** How long the gateway takes for `/health` at most, asked again and again until `during` has ended. */
async function slowestHealthMs(during: Promise<unknown>): Promise<number> {
  const state = { isOver: false }
  const over = during.finally(() => (state.isOver = true))
  let slowestMs = 0
  while (!state.isOver) {
    const fromMs = performance.now()
    expect((await stage.fetch('/health')).status).toBe(200)
    slowestMs = Math.max(slowestMs, performance.now() - fromMs)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await over
  return slowestMs
}

const limitsInForce = (): string =>
  stage.observations.flatMap((seen) => (seen.type === 'sandbox-ready' ? [seen.limits] : [])).join('')

describe.skipIf(!hasBubblewrap)('a command in the sandbox (skipped where bubblewrap cannot run)', () => {
  test('[SB19] is limited by what the log reports at start', () => {
    expect(limitsInForce()).toMatch(new RegExp(`^by (cgroup|prlimit) .* ${MEMORY_MB} MiB of memory`))
  })

  test.skipIf(!hasCompiler)(
    '[SB10] [SB12] [SB22] [SB23] [SB26] gets no system call through that is denied, and others work',
    async () => {
      const source = program(ATTEMPTS)
      const [shown = ''] = await printed(
        'worker',
        `${compiled(source, 'a')} && ./a; echo; sh -c 'exec env ./a' | md5sum; ./a | md5sum`,
      )
      const expected = ATTEMPTS.map(([name, , errno]) => `${name}=${errno}`)
      expect(/"content":"([^\\"]*)/.exec(shown)?.[1]?.split(';').filter(Boolean)).toEqual(expected)
      // A program that it starts is held to the same.
      expect(new Set(shown.match(/[\da-f]{32}/g))).toHaveLength(1)
    },
  )

  test('[CF22] has no program of its own started outside, also when PATH has an empty folder', async () => {
    const names = 'nice env bwrap sh bash git rg'
    const plant = `for name in ${names}; do printf '#!/bin/sh\necho "started out""side"\n' > $name; chmod +x $name; done`
    const [, shown] = await printed('worker', plant, 'echo "in""side"')
    expect(shown).toContain('"content":"inside"')
  })

  test('[SB10] [SB12] finds no cgroup and no key, and can write to no file of the kernel', async () => {
    const [files = '', keys = '', mounts = ''] = await printed(
      'worker',
      `find / \\( -name cgroup.kill -o -name cgroup.procs -o -name pids.max \\) 2>/dev/null | wc -l; find /sys 2>/dev/null | wc -l; (echo 1 > /dev/made) 2>&1; true`,
      'cat /proc/keys /proc/key-users 2>/dev/null | wc -c',
      `unshare -Ur true; unshare -m true; mount -t tmpfs x /tmp; echo over`,
    )
    expect(files).toMatch(/"content":"0\\n0\\n.*Read-only file system/)
    expect(keys).toContain('"content":"0"')
    expect(mounts).toMatch(/unshare failed.*unshare failed.*(denied|permitted).*over/s)
  })

  test.skipIf(!hasCompiler || process.arch !== 'x64')('[SB27] ends when it makes a 32-bit call', async () => {
    const source = 'int main(void) { int r; __asm__ volatile("int $0x80" : "=a"(r) : "a"(20)); return r > 0 ? 0 : 1; }'
    const [shown] = await printed('worker', `${compiled(source, 'a')}; ./a; echo "ended with $?"`)
    expect(shown).toContain('ended with 159')
  })

  test.skipIf(!hasCompiler).each(['worker', 'online'])(
    '[SB11] opens sockets of four families (agent %s), not that of a virtual machine’s host',
    async (name) => {
      const [shown] = await printed(name, `${compiled(FAMILIES_SOURCE, 'a')} && ./a`)
      expect(shown).toContain('"content":"1,2,10,16,"')
    },
  )

  test('[SB13] fills no file system in memory past its size', async () => {
    const quarter = (MEMORY_MB / 4) * 1024
    const fill = ['/tmp', '/dev/shm', '$HOME'].map(
      (path) =>
        `head -c ${MEMORY_MB}M /dev/zero > ${path}/x 2>/dev/null; echo $(($(stat -c %s ${path}/x) / 1024)); rm ${path}/x`,
    )
    const [shown] = await printed('worker', fill.join('; '))
    expect(shown).toContain(`"content":"${quarter}\\n${quarter}\\n${quarter}"`)
  })

  test('[SB14] [SB15] has no more processes than it may, and a fork bomb leaves the gateway as it was', async () => {
    if (limitsInForce().includes('not limited')) return expect(limitsInForce()).toContain('since root runs them')
    const count = `my @p; while (1) { my $p = fork(); last unless defined $p; if (!$p) { sleep 20; exit } push @p, $p } print "forked ", scalar(@p), "\\n"; kill 9, @p`
    const bomb = `b() { b | b & }; b 2>/dev/null; sleep ${scaled({ full: 5, short: 2 })}; echo survived`
    const running = printed('worker', `perl -e '${count}'`, bomb, 'echo after')
    expect(await slowestHealthMs(running)).toBeLessThan(SLOWEST_HEALTH_MS)
    const [forked, , after] = await running
    const made = Number(/forked (\d+)/.exec(forked ?? '')?.[1])
    expect(made).toBeGreaterThan(PROCESSES / 2)
    expect(made).toBeLessThanOrEqual(PROCESSES)
    expect(after).toContain('after')
  })

  test('[SB14] [SB15] has no more memory than it may, and the gateway goes on answering', async () => {
    const take = (mebibytes: number): string =>
      `perl -e '$x = "x" x (${mebibytes} * 1024 * 1024); print "g", "ot\\n"; sleep 2'`
    const running = printed(
      'worker',
      `${take(2 * MEMORY_MB)}; echo "ended with $?"`,
      `for i in 1 2 3 4 5 6; do ${take(MEMORY_MB / 4)} & done; wait`,
      'echo after',
    )
    expect(await slowestHealthMs(running)).toBeLessThan(SLOWEST_HEALTH_MS)
    const [alone, together, after] = await running
    expect(alone).toMatch(/ended with (137|1|12)\b/)
    expect(alone).not.toContain('got')
    if (limitsInForce().startsWith('by cgroup')) expect(together?.match(/got/g)?.length ?? 0).toBeLessThan(4)
    expect(after).toContain('after')
  })

  test('[SB16] has no more files open than it may', async () => {
    const open = `my @f; while (open(my $f, "<", "/dev/null")) { push @f, $f } print scalar(@f)`
    const [shown, raised] = await printed('worker', `perl -e '${open}'`, 'ulimit -n 100000; ulimit -n')
    expect(Number(/"content":"(\d+)/.exec(shown ?? '')?.[1])).toBeLessThanOrEqual(4096)
    expect(raised).toContain('4096')
  })
})
