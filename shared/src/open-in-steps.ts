/** Opens what is at a path longer than the kernel accepts. */
import { closeSync, openSync } from 'node:fs'
import { pathForFs } from './entry-name.ts'

/** A longer path is opened in steps. Below PATH_MAX, which is 4096 bytes with the terminating NUL. */
const STEP_BYTES_MAX = 4000
/**
 * The length of a step: in UTF-8 a UTF-16 unit takes three bytes at most, and a step begins with a descriptor's path.
 */
const STEP_UNITS = 1000

/**
 * Opens what is at `path` (escaped as in `entry-name.ts`). A path longer than PATH_MAX is opened in steps, each from
 * the descriptor before. However long it is, two descriptors are open at a time.
 *
 * @param folderFlags flags of open(2) for the folders on the way
 * @param openLast gets the path, or its rest behind the last step
 * @throws {NodeJS.ErrnoException}
 */
export function openInSteps(path: string, folderFlags: number, openLast: (path: string) => number): number {
  // Most paths need no counting.
  if (path.length * 3 < STEP_BYTES_MAX || Buffer.byteLength(path) < STEP_BYTES_MAX) return openLast(path)
  let door: number | null = null
  let from = 0
  const restTo = (end?: number) => `${door === null ? '' : `/proc/self/fd/${door}`}${path.slice(from, end)}`
  try {
    while (path.length - from > STEP_UNITS) {
      const cut = path.lastIndexOf('/', from + STEP_UNITS)
      // No valid name is that long, so there is a slash. Without one the kernel gives ENAMETOOLONG.
      if (cut <= from) break
      const next = openSync(pathForFs(restTo(cut)), folderFlags)
      if (door !== null) closeSync(door)
      door = next
      from = cut
    }
    return openLast(restTo())
  } finally {
    if (door !== null) closeSync(door)
  }
}
