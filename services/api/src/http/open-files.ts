/** How many files this process may still open. Node reports nothing if a connection fails because there are none left. */
import { closeSync, openSync, readFileSync } from 'node:fs'

const LIMITS = '/proc/self/limits'
const SOFT_LIMIT = /^Max open files +(\d+)/m

/**
 * An upper bound; 0 if no file can be opened. The kernel hands out the lowest free descriptor (open(2)), so all below the
 * one it gives now are in use. The limit is read each time, because prlimit(2) changes it in a running process.
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
    // Any other error says nothing about the number, for example that /proc is not mounted.
    return code === 'EMFILE' || code === 'ENFILE' ? 0 : Number.POSITIVE_INFINITY
  }
}
