/** Limits what this process may use: setrlimit(2) and setitimer(2). */
import { readFileSync, writeFileSync } from 'node:fs'
import { systemCall } from '../posix/system-call.ts'

/** asm-generic/resource.h. */
const RLIMIT = { fileSize: 1, data: 2, core: 4, openFiles: 7 } as const

const prlimit = systemCall('prlimit64', 'int', 'int', 'void *', 'void *')
const setitimer = systemCall('setitimer', 'int', 'void *', 'void *')

/** Counts the CPU time of the process and of the kernel on its behalf. Waiting for a disk does not count. */
const ITIMER_PROF = 2
const MICROSECONDS = 1_000_000

/**
 * Sets the soft and the hard limit; the hard one can't be raised again. If the kernel refuses, the limit stays as it
 * was.
 */
export function limit(what: keyof typeof RLIMIT, value: number): void {
  prlimit(0, RLIMIT[what], new BigUint64Array([BigInt(value), BigInt(value)]), null)
}

/** Bytes of memory that RLIMIT_DATA counts now; null if the kernel does not give them. */
export function dataBytes(): number | null {
  const kilobytes = /^VmData:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) * 1024
}

/** Has that process killed before any other if memory runs out. proc_pid_oom_score_adj(5). */
export function offerToOomKiller(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '1000')
  } catch {
    // The process has ended, or a container forbids it: then it is as likely to be killed as others.
  }
}

/** Has SIGPROF end this process after that much CPU time; 0 removes the limit. */
export function endAfterComputing(seconds: number): void {
  const [whole, rest] = [Math.floor(seconds), Math.round((seconds % 1) * MICROSECONDS)]
  // struct itimerval: no interval, then the time.
  setitimer(ITIMER_PROF, new BigInt64Array([0n, 0n, BigInt(whole), BigInt(rest)]), null)
}
