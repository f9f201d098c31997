import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DENIED_CALLS, ERRNO } from './denied-calls.ts'
import { seccompFilter } from './seccomp-filter.ts'
import { architectureOf, ARCHITECTURES, LAST_SYSTEM_CALL, SYSTEM_CALLS, type Architecture } from './system-calls.ts'

const AUDIT = { x86_64: 0xc000003e, aarch64: 0xc00000b7 } as const
const I386 = 0x40000003
const ARM = 0x40000028

/** `struct seccomp_data`: number, architecture, instruction pointer, six arguments of 64 bits. */
function callData(number: number, args: readonly bigint[], audit: number): Buffer {
  const data = Buffer.alloc(64)
  data.writeUInt32LE(number >>> 0, 0)
  data.writeUInt32LE(audit, 4)
  for (const [index, arg] of args.entries()) data.writeBigUInt64LE(BigInt.asUintN(64, arg), 16 + 8 * index)
  return data
}

/** The kernel's machine, as far as the filter uses it. Throws for what the kernel's verifier would not take. */
function run(program: Buffer, data: Buffer): number {
  let accumulator = 0
  for (let at = 0; at < program.length / 8; at++) {
    const [code, ifTrue, ifFalse, value] = [
      program.readUInt16LE(8 * at),
      program.readUInt8(8 * at + 2),
      program.readUInt8(8 * at + 3),
      program.readUInt32LE(8 * at + 4),
    ]
    if (code === 0x06) return value
    if (code === 0x20) {
      if (value % 4 !== 0) throw new Error(`an offset that is not aligned: ${value}`)
      accumulator = data.readUInt32LE(value)
      continue
    }
    const holds = new Map([
      [0x15, accumulator === value],
      [0x25, accumulator > value],
      [0x45, (accumulator & value) !== 0],
    ]).get(code)
    if (holds === undefined) throw new Error(`an unknown instruction: ${code}`)
    at += holds ? ifTrue : ifFalse
  }
  throw new Error('the program ran past its end')
}

const ALLOWED = 0x7fff0000
const KILLED = 0x80000000
const failed = (errno: number): number => 0x00050000 + errno

const outcome = (architecture: Architecture, number: number, ...args: readonly bigint[]): number =>
  run(seccompFilter(architecture), callData(number, args, AUDIT[architecture]))

const named = (architecture: Architecture, call: keyof typeof SYSTEM_CALLS, ...args: readonly bigint[]): number =>
  outcome(architecture, SYSTEM_CALLS[call][architecture], ...args)

const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const architecture = fc.constantFrom(...ARCHITECTURES)
const unconditional = DENIED_CALLS.filter(({ when }) => when.kind === 'always')

test('[SB10] calls that are always denied fail whatever their arguments are', () => {
  fc.assert(
    fc.property(
      architecture,
      fc.constantFrom(...unconditional),
      fc.array(word, { maxLength: 6 }),
      (on, denied, args) => {
        expect(named(on, denied.call, ...args)).toBe(failed(denied.errno))
      },
    ),
  )
})

test('[SB10] every sample of a denied call fails with the error of its rule', () => {
  for (const on of ARCHITECTURES)
    for (const { call, errno, samples } of DENIED_CALLS) {
      expect(samples.length).toBeGreaterThan(0)
      for (const [first, second] of samples)
        expect([call, named(on, call, BigInt(first), BigInt(second))]).toEqual([call, failed(errno)])
    }
})

test('[SB26] calls that no rule names are allowed, and newer calls and those of x32 do not exist', () => {
  fc.assert(
    fc.property(
      architecture,
      fc.integer({ min: 0, max: LAST_SYSTEM_CALL }),
      fc.array(word, { maxLength: 6 }),
      (on, number, args) => {
        fc.pre(DENIED_CALLS.every(({ call }) => SYSTEM_CALLS[call][on] !== number))
        expect(outcome(on, number, ...args)).toBe(ALLOWED)
      },
    ),
  )
  fc.assert(
    fc.property(architecture, fc.integer({ min: LAST_SYSTEM_CALL + 1, max: 0xffff_ffff }), (on, number) => {
      expect(outcome(on, number)).toBe(failed(ERRNO.ENOSYS))
    }),
  )
  expect(outcome('x86_64', 0x4000_0000 + SYSTEM_CALLS.keyctl.x86_64)).toBe(failed(ERRNO.ENOSYS))
})

test('[SB27] a call by the numbers of another architecture ends the process', () => {
  fc.assert(
    fc.property(architecture, fc.nat({ max: 500 }), fc.constantFrom(I386, ARM, 0), (on, number, audit) => {
      expect(run(seccompFilter(on), callData(number, [], audit))).toBe(KILLED)
    }),
  )
  expect(run(seccompFilter('x86_64'), callData(0, [], AUDIT.aarch64))).toBe(KILLED)
})

test('[SB10] clone makes processes and threads, and no namespace', () => {
  const newNamespace = fc.constantFrom(
    0x20000n,
    0x2000000n,
    0x4000000n,
    0x8000000n,
    0x10000000n,
    0x20000000n,
    0x40000000n,
  )
  fc.assert(
    fc.property(architecture, newNamespace, word, (on, flag, others) => {
      expect(named(on, 'clone', flag | others)).toBe(failed(ERRNO.EPERM))
    }),
  )
  // What fork(3) and pthread_create(3) pass.
  for (const flags of [0x1200011n, 0x3d0f00n]) expect(named('x86_64', 'clone', flags)).toBe(ALLOWED)
})

test('[SB11] sockets are of four families, whatever stands in the upper half of the argument', () => {
  const allowed = [1, 2, 10, 16]
  for (const call of ['socket', 'socketpair'] as const)
    for (const on of ARCHITECTURES)
      for (let family = 0; family < 64; family++)
        for (const upper of [0n, 1n << 32n])
          expect([call, family, named(on, call, BigInt(family) | upper)]).toEqual([
            call,
            family,
            allowed.includes(family) ? ALLOWED : failed(ERRNO.EAFNOSUPPORT),
          ])
})

test('[SB10] ioctl writes nothing into a terminal, whatever stands in the upper half of the argument', () => {
  for (const request of [0x5412n, 0x541cn])
    for (const upper of [0n, 1n << 32n, 0xffff_ffffn << 32n])
      expect(named('x86_64', 'ioctl', 0n, request | upper)).toBe(failed(ERRNO.EPERM))
  expect(named('x86_64', 'ioctl', 0n, 0x5401n)).toBe(ALLOWED)
})

test('[SB22] process 1 is not traced, read, written to or opened; others are', () => {
  const calls = [
    ['ptrace', (pid: bigint) => [16n, pid]],
    ['process_vm_readv', (pid: bigint) => [pid]],
    ['process_vm_writev', (pid: bigint) => [pid]],
    ['pidfd_open', (pid: bigint) => [pid]],
  ] as const
  for (const on of ARCHITECTURES)
    for (const [call, argumentsFor] of calls)
      for (const [pid, expected] of [
        [1n, failed(ERRNO.EPERM)],
        [(1n << 32n) | 1n, failed(ERRNO.EPERM)],
        [2n, ALLOWED],
        [0n, ALLOWED],
      ] as const)
        expect([call, pid, named(on, call, ...argumentsFor(pid))]).toEqual([call, pid, expected])
})

test('[SB23] disk space is reserved by no call', () => {
  for (const on of ARCHITECTURES) {
    for (const mode of [0n, 1n, 0x10n]) expect(named(on, 'fallocate', 3n, mode)).toBe(failed(ERRNO.EOPNOTSUPP))
    for (const request of [0x40305828n, 0x4030582an, 0x40305839n])
      expect(named(on, 'ioctl', 3n, request)).toBe(failed(ERRNO.EPERM))
  }
})

test('[SB10] personality is asked for, and set to what runs 32-bit names or a debugger', () => {
  for (const [value, expected] of [
    [0xffff_ffffn, ALLOWED],
    [0n, ALLOWED],
    [0x40000n, ALLOWED],
    [0x400000n, failed(ERRNO.EPERM)],
    [0x100000n, failed(ERRNO.EPERM)],
  ] as const)
    expect(named('aarch64', 'personality', value)).toBe(expected)
})

test('[SB7] the architectures whose calls are known are two', () => {
  expect([architectureOf('x64'), architectureOf('arm64'), architectureOf('riscv64')]).toEqual([
    'x86_64',
    'aarch64',
    undefined,
  ])
})
