/** Opening what lies deeper than a path may be long. */
import { closeSync, openSync } from 'node:fs'
import { pathForFs } from './entry-name.ts'

/** Below PATH_MAX (4096 bytes, the terminating NUL included), beyond which a path is opened in steps. */
const STEP_BYTES_MAX = 4000
/** In UTF-8 a UTF-16 unit takes three bytes at most, and a step begins with the name of a descriptor. */
const STEP_UNITS = 1000

/**
 * Opens what is at `path` (escaped as in `entry-name.ts`). A path longer than PATH_MAX is opened in steps, each from the
 * descriptor before, of which two are open at a time however long it is.
 *
 * @param folderFlags of open(2), for the folders on the way
 * @param openLast gets the path, or what is left of it behind the last step
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
      // No name is that long, so there is a slash; without one the kernel says ENAMETOOLONG.
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
