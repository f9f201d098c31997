/** The system calls that a program in the sandbox may not make, and the error of each. */
import type { SystemCall } from './system-calls.ts'

/** Values of <errno.h>, the same on both architectures. */
export const ERRNO = { EPERM: 1, ENOSYS: 38, EOPNOTSUPP: 95, EAFNOSUPPORT: 97 } as const

/** Values of <linux/sched.h>. CLONE_NEWTIME is not here: to clone(2) its bit is part of the exit signal. */
const NEW_NAMESPACES =
  0x0002_0000 | // CLONE_NEWNS
  0x0200_0000 | // CLONE_NEWCGROUP
  0x0400_0000 | // CLONE_NEWUTS
  0x0800_0000 | // CLONE_NEWIPC
  0x1000_0000 | // CLONE_NEWUSER
  0x2000_0000 | // CLONE_NEWPID
  0x4000_0000 // CLONE_NEWNET

/** Of an argument the kernel reads 32 bits in all these calls, so the filter does. */
export type Condition =
  | { readonly kind: 'always' }
  | { readonly kind: 'any-bit'; readonly argument: number; readonly bits: number }
  | { readonly kind: 'one-of'; readonly argument: number; readonly values: readonly number[] }
  | { readonly kind: 'none-of'; readonly argument: number; readonly values: readonly number[] }

export interface DeniedCall {
  readonly call: SystemCall
  readonly errno: number
  readonly when: Condition
  /** First arguments that are denied and do nothing if the call gets through. The other arguments may be 0. */
  readonly samples: readonly (readonly [first: number, second: number])[]
}

const always = (calls: readonly SystemCall[]): readonly DeniedCall[] =>
  calls.map((call) => ({ call, errno: ERRNO.EPERM, when: { kind: 'always' }, samples: [[0, 0]] }))

/** TIOCSTI and TIOCLINUX write what a terminal takes for typed by its user. */
const TYPING = [0x5412, 0x541c]

/** FS_IOC_RESVSP, FS_IOC_RESVSP64 and FS_IOC_ZERO_RANGE do what fallocate(2) does. */
const RESERVING = [0x4030_5828, 0x4030_582a, 0x4030_5839]

const FAMILIES = [1, 2, 10, 16] // AF_UNIX, AF_INET, AF_INET6, AF_NETLINK

const families = (call: SystemCall): DeniedCall => ({
  call,
  errno: ERRNO.EAFNOSUPPORT,
  when: { kind: 'none-of', argument: 0, values: FAMILIES },
  // AF_PACKET, AF_ALG, AF_VSOCK: type 0 makes no socket.
  samples: [17, 38, 40].map((family) => [family, 0]),
})

/**
 * Process 1 is bubblewrap's own and ends with the command. A program that changes it lives on after its run. Debuggers and
 * leak checkers go on to work: they reach the other processes of the same command.
 */
const onFirstProcess = (
  call: SystemCall,
  argument: number,
  sample: readonly [first: number, second: number],
): DeniedCall => ({
  call,
  errno: ERRNO.EPERM,
  when: { kind: 'one-of', argument, values: [1] },
  samples: [sample],
})

export const DENIED_CALLS: readonly DeniedCall[] = [
  ...always([
    // Namespaces and mounts: a way to cgroups and to file systems that nothing measures.
    ...(['unshare', 'setns', 'mount', 'umount2', 'pivot_root', 'chroot', 'open_tree', 'open_tree_attr'] as const),
    ...(['move_mount', 'fsopen', 'fsconfig', 'fsmount', 'fspick', 'mount_setattr'] as const),
    // Keyrings: shared by all runs, and with the operator.
    ...(['add_key', 'request_key', 'keyctl'] as const),
    // Parts of the kernel that attacks on it go through. No filter looks at the calls that io_uring makes.
    ...(['bpf', 'perf_event_open', 'userfaultfd', 'io_uring_setup', 'io_uring_enter', 'io_uring_register'] as const),
    ...(['fanotify_init', 'open_by_handle_at', 'quotactl', 'quotactl_fd'] as const),
    // The machine itself.
    ...([
      'kexec_load',
      'kexec_file_load',
      'init_module',
      'finit_module',
      'delete_module',
      'swapon',
      'swapoff',
    ] as const),
    ...(['reboot', 'acct', 'syslog', 'settimeofday', 'clock_settime'] as const),
  ]),
  {
    call: 'clone',
    errno: ERRNO.EPERM,
    when: { kind: 'any-bit', argument: 0, bits: NEW_NAMESPACES },
    // With CLONE_FS the kernel refuses CLONE_NEWUSER by itself, with EINVAL.
    samples: [[0x1000_0200, 0]],
  },
  // Its flags are in memory, where no filter can look. With ENOSYS the C library calls clone(2).
  { call: 'clone3', errno: ERRNO.ENOSYS, when: { kind: 'always' }, samples: [[0, 0]] },
  families('socket'),
  families('socketpair'),
  {
    call: 'ioctl',
    errno: ERRNO.EPERM,
    when: { kind: 'one-of', argument: 1, values: [...TYPING, ...RESERVING] },
    samples: [...TYPING, ...RESERVING].map((request) => [-1, request]),
  },
  // Takes gigabytes of a disk in milliseconds. With this error, which some file systems give, posix_fallocate(3) writes instead.
  { call: 'fallocate', errno: ERRNO.EOPNOTSUPP, when: { kind: 'always' }, samples: [[-1, 0]] },
  {
    call: 'personality',
    errno: ERRNO.EPERM,
    // PER_LINUX, PER_LINUX32, UNAME26, both, ADDR_NO_RANDOMIZE (debuggers), and the question which one is in force.
    when: { kind: 'none-of', argument: 0, values: [0, 0x8, 0x2_0000, 0x2_0008, 0x4_0000, 0xffff_ffff] },
    // READ_IMPLIES_EXEC
    samples: [[0x40_0000, 0]],
  },
  // No request has the number -1.
  onFirstProcess('ptrace', 1, [-1, 1]),
  onFirstProcess('process_vm_readv', 0, [1, 0]),
  onFirstProcess('process_vm_writev', 0, [1, 0]),
  // For pidfd_getfd(2), by which a program has the command end while it goes on.
  onFirstProcess('pidfd_open', 0, [1, 0]),
]
