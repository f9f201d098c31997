/**
 * Numbers of system calls. Source: `arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h` of Linux
 * (the latter is what aarch64 uses). From 424 on all architectures have the same numbers.
 */
export const ARCHITECTURES = ['x86_64', 'aarch64'] as const
export type Architecture = (typeof ARCHITECTURES)[number]

const shared = (number: number): Readonly<Record<Architecture, number>> => ({ x86_64: number, aarch64: number })

export const SYSTEM_CALLS = {
  unshare: { x86_64: 272, aarch64: 97 },
  setns: { x86_64: 308, aarch64: 268 },
  mount: { x86_64: 165, aarch64: 40 },
  umount2: { x86_64: 166, aarch64: 39 },
  pivot_root: { x86_64: 155, aarch64: 41 },
  chroot: { x86_64: 161, aarch64: 51 },
  open_tree: shared(428),
  move_mount: shared(429),
  fsopen: shared(430),
  fsconfig: shared(431),
  fsmount: shared(432),
  fspick: shared(433),
  mount_setattr: shared(442),
  open_tree_attr: shared(467),
  add_key: { x86_64: 248, aarch64: 217 },
  request_key: { x86_64: 249, aarch64: 218 },
  keyctl: { x86_64: 250, aarch64: 219 },
  bpf: { x86_64: 321, aarch64: 280 },
  perf_event_open: { x86_64: 298, aarch64: 241 },
  userfaultfd: { x86_64: 323, aarch64: 282 },
  io_uring_setup: shared(425),
  io_uring_enter: shared(426),
  io_uring_register: shared(427),
  fanotify_init: { x86_64: 300, aarch64: 262 },
  open_by_handle_at: { x86_64: 304, aarch64: 265 },
  quotactl: { x86_64: 179, aarch64: 60 },
  quotactl_fd: shared(443),
  kexec_load: { x86_64: 246, aarch64: 104 },
  kexec_file_load: { x86_64: 320, aarch64: 294 },
  init_module: { x86_64: 175, aarch64: 105 },
  finit_module: { x86_64: 313, aarch64: 273 },
  delete_module: { x86_64: 176, aarch64: 106 },
  swapon: { x86_64: 167, aarch64: 224 },
  swapoff: { x86_64: 168, aarch64: 225 },
  reboot: { x86_64: 169, aarch64: 142 },
  acct: { x86_64: 163, aarch64: 89 },
  syslog: { x86_64: 103, aarch64: 116 },
  settimeofday: { x86_64: 164, aarch64: 170 },
  clock_settime: { x86_64: 227, aarch64: 112 },
  clone: { x86_64: 56, aarch64: 220 },
  clone3: shared(435),
  socket: { x86_64: 41, aarch64: 198 },
  socketpair: { x86_64: 53, aarch64: 199 },
  ioctl: { x86_64: 16, aarch64: 29 },
  personality: { x86_64: 135, aarch64: 92 },
  fallocate: { x86_64: 285, aarch64: 47 },
  ptrace: { x86_64: 101, aarch64: 117 },
  process_vm_readv: { x86_64: 310, aarch64: 270 },
  process_vm_writev: { x86_64: 311, aarch64: 271 },
  pidfd_open: shared(434),
} as const satisfies Readonly<Record<string, Readonly<Record<Architecture, number>>>>

export type SystemCall = keyof typeof SYSTEM_CALLS

/** The newest system call that was looked at: `file_setattr` of Linux 6.17. */
export const LAST_SYSTEM_CALL = 469

/** The machine's architecture, if its numbers are here. */
export const architectureOf = (arch: NodeJS.Architecture): Architecture | undefined =>
  arch === 'x64' ? 'x86_64' : arch === 'arm64' ? 'aarch64' : undefined
