/** Gives up system calls, for a thread or a whole process: a seccomp(2) filter, which is a program in BPF. */
import { getSystemErrorName } from 'node:util'
import koffi from 'koffi'
import { numberOf, type SystemCall, systemCall } from '../posix/system-call.ts'
import { forbidNewPrivileges } from './no-new-privileges.ts'

export type Refusal = {
  readonly call: SystemCall
  /** The error that a caller gets. */
  readonly errno: number
  /** The call passes if the lower 32 bits of this argument, under the mask, have this value. */
  readonly unless?: { readonly argument: number; readonly mask: number; readonly value: number }
}

/** linux/bpf_common.h: load a word of `seccomp_data`, jump, and, return. */
const LOAD = 0x20
const JUMP_IF_EQUAL = 0x15
const JUMP_IF_GREATER_OR_EQUAL = 0x35
const AND = 0x54
const RETURN = 0x06

/** Places in struct seccomp_data. */
const NUMBER = 0
const ARCHITECTURE = 4
const argumentAt = (index: number) => 16 + 8 * index

/** linux/audit.h. */
const AUDIT_ARCH: Readonly<Record<string, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 }
/** Numbers of calls of the x32 ABI on x86-64 have this bit. */
const X32_BIT = 0x40000000

const ALLOW = 0x7fff0000
const REFUSE = 0x00050000
const ENOSYS = koffi.os.errno.ENOSYS as number

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number]

const seccomp = systemCall('seccomp', 'uint32_t', 'uint32_t', 'void *')
const program = koffi.struct('sock_fprog', { length: 'uint16_t', instructions: 'void *' })

const SET_MODE_FILTER = 1
const FLAG_ALL_THREADS = 1

/**
 * The program of a filter: it compares a call with each refusal in turn, and passes every other call. Calls by the
 * numbers of another architecture (32-bit programs on a 64-bit kernel) would get around that, so they all fail with
 * ENOSYS.
 */
export function assemble(refusals: readonly Refusal[], architecture: string = process.arch): Instruction[] {
  const isX64 = architecture === 'x64'
  return [
    [LOAD, 0, 0, ARCHITECTURE],
    [JUMP_IF_EQUAL, 1, 0, AUDIT_ARCH[architecture] ?? 0],
    [RETURN, 0, 0, REFUSE | ENOSYS],
    [LOAD, 0, 0, NUMBER],
    ...(isX64
      ? ([
          [JUMP_IF_GREATER_OR_EQUAL, 0, 1, X32_BIT],
          [RETURN, 0, 0, REFUSE | ENOSYS],
        ] as const)
      : []),
    ...refusals.flatMap((refusal) => instructionsOf(refusal, numberOf(refusal.call, architecture))),
    [RETURN, 0, 0, ALLOW],
  ]
}

function instructionsOf({ errno, unless }: Refusal, number: number | null): Instruction[] {
  if (number === null) return []
  if (unless === undefined) {
    return [
      [JUMP_IF_EQUAL, 0, 1, number],
      [RETURN, 0, 0, REFUSE | errno],
    ]
  }
  return [
    [JUMP_IF_EQUAL, 0, 5, number],
    [LOAD, 0, 0, argumentAt(unless.argument)],
    [AND, 0, 0, unless.mask],
    [JUMP_IF_EQUAL, 1, 0, unless.value],
    [RETURN, 0, 0, REFUSE | errno],
    // The next instructions need the number again.
    [LOAD, 0, 0, NUMBER],
  ]
}

/**
 * Applies a filter to this thread, or to every thread of this process, for good. Threads and processes that are started
 * later have it too. Gives null, or why it could not be done, for people.
 */
export function applyFilter(refusals: readonly Refusal[], whom: 'this thread' | 'all threads'): string | null {
  if (AUDIT_ARCH[process.arch] === undefined) return `not known for ${process.arch}`
  const instructions = assemble(refusals)
  const bytes = new DataView(new ArrayBuffer(instructions.length * 8))
  for (const [at, [code, ifTrue, ifFalse, value]] of instructions.entries()) {
    bytes.setUint16(at * 8, code, true)
    bytes.setUint8(at * 8 + 2, ifTrue)
    bytes.setUint8(at * 8 + 3, ifFalse)
    bytes.setUint32(at * 8 + 4, value, true)
  }
  forbidNewPrivileges()
  const flags = whom === 'all threads' ? FLAG_ALL_THREADS : 0
  const result = applyProgram(instructions.length, new Uint8Array(bytes.buffer), flags)
  if (result === 0) return null
  return result > 0 ? 'a thread of this process has another filter' : `seccomp: ${getSystemErrorName(result)}`
}

function applyProgram(length: number, instructions: Uint8Array, flags: number): number {
  return seccomp(SET_MODE_FILTER, flags, koffi.as({ length, instructions }, koffi.pointer(program)))
}
