/**
 * A program that makes system calls and writes what each returned: by it the trial at start makes the calls that are to be
 * denied. It is machine code, since no program that every machine has makes them all. An ELF file of one segment: header,
 * code, and the table of calls behind the code.
 */
import type { Architecture } from './system-calls.ts'

export interface Probe {
  readonly number: number
  /** Its first two arguments; the others are 0. */
  readonly first: number
  readonly second: number
}

/**
 * For each entry of the table: loads number and arguments, makes the call, writes the 8 bytes of its result to descriptor 1.
 * Ends with exit(0). Made by the GNU assembler from what stands beside it.
 */
const CODE: Readonly<Record<Architecture, string>> = {
  x86_64: [
    '488d1d49000000 4c8b23 4883c308', // lea table(%rip),%rbx; mov (%rbx),%r12; add $8,%rbx
    '488b03 488b7b08 488b7310', // 1: mov (%rbx),%rax; mov 8(%rbx),%rdi; mov 16(%rbx),%rsi
    '31d2 4531d2 4531c0 4531c9 0f05', // xor edx, r10d, r8d, r9d with themselves; syscall
    '50 b801000000 bf01000000 4889e6', // push %rax; mov $1,%eax; mov $1,%edi; mov %rsp,%rsi
    'ba08000000 0f05 58', // mov $8,%edx; syscall; pop %rax
    '4883c318 49ffcc 75c9', // add $24,%rbx; dec %r12; jnz 1b
    '31ff b83c000000 0f05 6690', // xor %edi,%edi; mov $60,%eax; syscall; padding
  ].join(''),
  // Words of 32 bits, little-endian in the file.
  aarch64: [
    '10000313 f8408674', // adr x19,table; ldr x20,[x19],#8
    'f9400268 f9400660 f9400a61', // 1: ldr x8,[x19]; ldr x0,[x19,#8]; ldr x1,[x19,#16]
    'd2800002 d2800003 d2800004 d2800005 d4000001', // mov x2 to x5,#0; svc #0
    'f81f0fe0 d2800808 d2800020 910003e1', // str x0,[sp,#-16]!; mov x8,#64; mov x0,#1; mov x1,sp
    'd2800102 d4000001 910043ff', // mov x2,#8; svc #0; add sp,sp,#16
    '91006273 f1000694 54fffde1', // add x19,x19,#24; subs x20,x20,#1; b.ne 1b
    'd2800000 d2800ba8 d4000001 d503201f', // mov x0,#0; mov x8,#93; svc #0; nop
  ].join(' '),
}

/** <elf.h>: EM_X86_64, EM_AARCH64. */
const MACHINES: Readonly<Record<Architecture, number>> = { x86_64: 62, aarch64: 183 }

const HEADER_BYTES = 64 + 56
const LOADED_AT = 0x40_0000
const PAGE_BYTES = 0x1_0000

function codeOf(architecture: Architecture): Buffer {
  const code = Buffer.from(CODE[architecture].replaceAll(' ', ''), 'hex')
  return architecture === 'aarch64' ? code.swap32() : code
}

function header(architecture: Architecture, fileBytes: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  // e_ident: 64 bits, little-endian, version 1.
  bytes.write('\x7fELF\x02\x01\x01', 'latin1')
  bytes.writeUInt16LE(2, 16) // e_type: ET_EXEC
  bytes.writeUInt16LE(MACHINES[architecture], 18)
  bytes.writeUInt32LE(1, 20) // e_version
  bytes.writeBigUInt64LE(BigInt(LOADED_AT + HEADER_BYTES), 24) // e_entry
  bytes.writeBigUInt64LE(64n, 32) // e_phoff
  bytes.writeUInt16LE(64, 52) // e_ehsize
  bytes.writeUInt16LE(56, 54) // e_phentsize
  bytes.writeUInt16LE(1, 56) // e_phnum
  bytes.writeUInt32LE(1, 64) // p_type: PT_LOAD
  bytes.writeUInt32LE(5, 68) // p_flags: readable and executable
  bytes.writeBigUInt64LE(BigInt(LOADED_AT), 80) // p_vaddr
  bytes.writeBigUInt64LE(BigInt(LOADED_AT), 88) // p_paddr
  bytes.writeBigUInt64LE(BigInt(fileBytes), 96) // p_filesz
  bytes.writeBigUInt64LE(BigInt(fileBytes), 104) // p_memsz
  bytes.writeBigUInt64LE(BigInt(PAGE_BYTES), 112) // p_align
  return bytes
}

/** The program as a file. It reads nothing and writes one result of 8 bytes for each probe. */
export function probeProgram(architecture: Architecture, probes: readonly Probe[]): Buffer {
  const code = codeOf(architecture)
  const table = Buffer.alloc(8 + 24 * probes.length)
  table.writeBigInt64LE(BigInt(probes.length))
  for (const [index, { number, first, second }] of probes.entries()) {
    table.writeBigInt64LE(BigInt(number), 8 + 24 * index)
    table.writeBigInt64LE(BigInt(first), 16 + 24 * index)
    table.writeBigInt64LE(BigInt(second), 24 + 24 * index)
  }
  return Buffer.concat([header(architecture, HEADER_BYTES + code.length + table.length), code, table])
}

/** What the calls returned, from what the program wrote; a negative one is an error's number. */
export const probeResults = (written: Buffer): readonly number[] =>
  Array.from({ length: Math.floor(written.length / 8) }, (_, index) => Number(written.readBigInt64LE(8 * index)))
