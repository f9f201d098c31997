/**
 * The seccomp filter of the sandbox, as `bwrap --seccomp` takes it: a program for the kernel's classic BPF machine
 * (<linux/filter.h>) that reads a `struct seccomp_data` (<linux/seccomp.h>) and returns whether the call is made.
 */
import { DENIED_CALLS, ERRNO, type Condition } from './denied-calls.ts'
import { LAST_SYSTEM_CALL, SYSTEM_CALLS, type Architecture } from './system-calls.ts'

interface Instruction {
  readonly code: number
  /** How many instructions to skip if a comparison holds, and if not. */
  readonly ifTrue: number
  readonly ifFalse: number
  readonly value: number
}

const LOAD_WORD = 0x20 // BPF_LD | BPF_W | BPF_ABS
const JUMP_EQUAL = 0x15 // BPF_JMP | BPF_JEQ | BPF_K
const JUMP_GREATER = 0x25 // BPF_JMP | BPF_JGT | BPF_K
const JUMP_ANY_BIT = 0x45 // BPF_JMP | BPF_JSET | BPF_K
const RETURN = 0x06 // BPF_RET | BPF_K

const KILL_PROCESS = 0x8000_0000
const FAIL_WITH = 0x0005_0000
const ALLOW = 0x7fff_0000

/** Offsets in `struct seccomp_data`; both architectures are little-endian, so the low half of an argument is first. */
const NUMBER_AT = 0
const ARCHITECTURE_AT = 4
const argumentAt = (index: number): number => 16 + 8 * index

/** <linux/audit.h> */
const AUDIT_ARCHITECTURES: Readonly<Record<Architecture, number>> = { x86_64: 0xc000_003e, aarch64: 0xc000_00b7 }

const load = (offset: number): Instruction => ({ code: LOAD_WORD, ifTrue: 0, ifFalse: 0, value: offset })
const result = (value: number): Instruction => ({ code: RETURN, ifTrue: 0, ifFalse: 0, value })
const jump = (code: number, value: number, ifTrue: number, ifFalse: number): Instruction => ({
  code,
  ifTrue,
  ifFalse,
  value,
})

/** Goes on in one of the two instructions that follow the comparisons: the first if any of them holds. */
const ifAny = (code: number, values: readonly number[]): readonly Instruction[] =>
  values.map((value, index) => jump(code, value, values.length - 1 - index, index === values.length - 1 ? 1 : 0))

/** Decides on a call whose number is known. Returns in any case. */
function decide(when: Condition, denied: Instruction): readonly Instruction[] {
  const allowed = result(ALLOW)
  switch (when.kind) {
    case 'always':
      return [denied]
    case 'any-bit':
      return [load(argumentAt(when.argument)), ...ifAny(JUMP_ANY_BIT, [when.bits]), denied, allowed]
    case 'one-of':
      return [load(argumentAt(when.argument)), ...ifAny(JUMP_EQUAL, when.values), denied, allowed]
    case 'none-of':
      return [load(argumentAt(when.argument)), ...ifAny(JUMP_EQUAL, when.values), allowed, denied]
  }
}

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(8 * program.length)
  for (const [index, { code, ifTrue, ifFalse, value }] of program.entries()) {
    bytes.writeUInt16LE(code, 8 * index)
    bytes.writeUInt8(ifTrue, 8 * index + 2)
    bytes.writeUInt8(ifFalse, 8 * index + 3)
    bytes.writeUInt32LE(value, 8 * index + 4)
  }
  return bytes
}

/**
 * The filter for one architecture, without a header. A call of another architecture (32-bit programs) kills the process: its
 * numbers mean other calls, and a program all of whose calls fail does not end in any orderly way. A call that is newer than
 * the table fails with ENOSYS, as on an older kernel; on x86_64 so do the numbers of the x32 interface, from 0x40000000.
 */
export const seccompFilter = (architecture: Architecture): Buffer =>
  encode([
    load(ARCHITECTURE_AT),
    jump(JUMP_EQUAL, AUDIT_ARCHITECTURES[architecture], 1, 0),
    result(KILL_PROCESS),
    load(NUMBER_AT),
    jump(JUMP_GREATER, LAST_SYSTEM_CALL, 0, 1),
    result(FAIL_WITH | ERRNO.ENOSYS),
    ...DENIED_CALLS.flatMap(({ call, errno, when }) => {
      const decision = decide(when, result(FAIL_WITH | errno))
      return [jump(JUMP_EQUAL, SYSTEM_CALLS[call][architecture], 0, decision.length), ...decision]
    }),
    result(ALLOW),
  ])
