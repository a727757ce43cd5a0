/** No worker outlives the indexer. */
import { prctl } from '../posix/prctl.ts'

const PR_SET_PDEATHSIG = 1
const SIGKILL = 9

/**
 * Has the kernel kill this process when the parent's thread that started it ends (prctl(2)). A closed IPC channel says
 * the same, but is noticed only between two messages: not while hashing a large file, nor inside a library that hangs.
 */
export function dieWithParent(): void {
  prctl(PR_SET_PDEATHSIG, SIGKILL)
}
