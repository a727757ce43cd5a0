/** What a process may use at most, for itself: setrlimit(2) and setitimer(2). */
import { readFileSync, writeFileSync } from 'node:fs'
import { systemCall } from '../posix/system-call.ts'

/** asm-generic/resource.h. */
const RLIMIT = { fileSize: 1, data: 2, core: 4, openFiles: 7 } as const

const prlimit = systemCall('prlimit64', 'int', 'int', 'void *', 'void *')
const setitimer = systemCall('setitimer', 'int', 'void *', 'void *')

/** Counts what the process itself computes and what the kernel does for it; waiting for a disk counts for nothing. */
const ITIMER_PROF = 2
const MICROSECONDS = 1_000_000

/** Sets both limits, of which the hard one can't be raised again. Refusals are ignored: it is then as it was. */
export function limit(what: keyof typeof RLIMIT, value: number): void {
  prlimit(0, RLIMIT[what], new BigUint64Array([BigInt(value), BigInt(value)]), null)
}

/** Bytes of memory that RLIMIT_DATA counts, as of now; null where that is not told. */
export function dataBytes(): number | null {
  const kilobytes = /^VmData:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) * 1024
}

/** Where memory runs out, that process is killed before any other. proc_pid_oom_score_adj(5). */
export function offerToOomKiller(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '1000')
  } catch {
    // It has ended, or a container does not let us: it is then as likely as others.
  }
}

/** SIGPROF, which ends the process, after that much computing; 0 takes it back. */
export function endAfterComputing(seconds: number): void {
  const [whole, rest] = [Math.floor(seconds), Math.round((seconds % 1) * MICROSECONDS)]
  // struct itimerval: no interval, then the time.
  setitimer(ITIMER_PROF, new BigInt64Array([0n, 0n, BigInt(whole), BigInt(rest)]), null)
}
