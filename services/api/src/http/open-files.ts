/** How many files this process may still open. Node says nothing of a connection that met the end of them. */
import { closeSync, openSync, readFileSync } from 'node:fs'

const LIMITS = '/proc/self/limits'
const SOFT_LIMIT = /^Max open files +(\d+)/m

/**
 * At most so many; 0 when none can be opened. The kernel gives the lowest free number, so the one it gives now tells
 * that all below are taken. Read anew each time: the limit of a process can be changed while it runs (prlimit).
 */
export function filesLeft(): number {
  try {
    const file = openSync(LIMITS, 'r')
    try {
      const [, limit] = SOFT_LIMIT.exec(readFileSync(file, 'latin1')) ?? []
      return limit === undefined ? Number.POSITIVE_INFINITY : Math.max(0, Number(limit) - file)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Anything else says nothing of how many there are, as where /proc is not mounted.
    return code === 'EMFILE' || code === 'ENFILE' ? 0 : Number.POSITIVE_INFINITY
  }
}
