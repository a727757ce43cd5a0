/** Opening a file for reading without side effects on it or on us. */
import { closeSync, constants, openSync } from 'node:fs'
import { pathForFs } from '@drive-feed/shared/entry-name.ts'

/**
 * NONBLOCK: opening a FIFO would wait for a writer. NOFOLLOW: a symbolic link is another file than the one listed.
 * NOATIME: reading a million files must not write a million inodes.
 */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const READ_NOATIME = READ | constants.O_NOATIME

const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY

/** PATH_MAX is 4096 with the final NUL; what is longer is opened in steps. */
const STEP_BYTES_MAX = 4000

let noatimePermitted = true

/**
 * A descriptor, at offset 0, of whatever is at `path` (escaped as in `entry-name.ts`) and is no symbolic link.
 *
 * @throws {NodeJS.ErrnoException}
 */
export function openFile(path: string): number {
  // In UTF-8 a UTF-16 unit takes three bytes at most, so most paths need no counting.
  if (path.length * 3 < STEP_BYTES_MAX || Buffer.byteLength(path) < STEP_BYTES_MAX) return openStep(path)
  return openLong(path)
}

function openStep(path: string): number {
  if (!noatimePermitted) return openSync(pathForFs(path), READ)
  try {
    return openSync(pathForFs(path), READ_NOATIME)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
    // Only the owner and root may (open(2)). Whoever is neither is so for most files: don't try twice for each.
    const fd = openSync(pathForFs(path), READ)
    noatimePermitted = false
    return fd
  }
}

function openLong(path: string): number {
  const cut = path.lastIndexOf('/', Math.floor(STEP_BYTES_MAX / 4))
  // A name alone is never that long, so there is a slash; without one the kernel says ENAMETOOLONG.
  if (cut <= 0) return openStep(path)
  const folder = openSync(pathForFs(path.slice(0, cut)), OPEN_FOLDER)
  try {
    return openFile(`/proc/self/fd/${folder}${path.slice(cut)}`)
  } finally {
    closeSync(folder)
  }
}
