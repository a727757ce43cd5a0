/** No worker outlives the indexer. */
import koffi from 'koffi'

const PR_SET_PDEATHSIG = 1
const SIGKILL = 9

/**
 * Has the kernel kill this process when the parent's thread that started it ends (prctl(2)). A closed IPC channel says
 * the same, but is noticed only between two messages: not while hashing a large file, nor inside a library that hangs.
 */
export function dieWithParent(): void {
  koffi
    .load('libc.so.6')
    .func('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)')(
    PR_SET_PDEATHSIG,
    SIGKILL,
    0,
    0,
    0,
  )
}
