/** Lowers the priority of workers: reading ten terabytes must leave the machine and its disks usable. */
import { setPriority } from 'node:os'
import koffi from 'koffi'

const NICE = 10

/** ioprio_set(2): the number of the system call, `IOPRIO_WHO_PROCESS`, and the lowest level (7) of best effort (2). */
const SYS_IOPRIO_SET = { x64: 251, arm64: 30 } as const
const WHO_PROCESS = 1
const BEST_EFFORT_LOWEST = (2 << 13) | 7

/** Lowers this thread's claim on CPU and disk. A kernel or container that refuses it changes nothing else. */
export function takeLowPriority(): void {
  try {
    setPriority(NICE)
  } catch {
    // A seccomp profile may forbid it. Workers then run with the usual priority.
  }
  const number = SYS_IOPRIO_SET[process.arch as keyof typeof SYS_IOPRIO_SET]
  if (number === undefined) return
  // glibc has no wrapper. The result is ignored for the same reason as above.
  koffi.load('libc.so.6').func('long syscall(long number, long which, long who, long priority)')(
    number,
    WHO_PROCESS,
    0,
    BEST_EFFORT_LOWEST,
  )
}
