/** Opening a file for reading without side effects on it or on us. */
import { constants, openSync } from 'node:fs'
import { pathForFs } from '@drive-feed/shared/entry-name.ts'
import { openInSteps } from '@drive-feed/shared/open-in-steps.ts'

/**
 * NONBLOCK: opening a FIFO would wait for a writer. NOFOLLOW: a symbolic link is another file than the one listed.
 * NOATIME: reading a million files must not write a million inodes.
 */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const READ_NOATIME = READ | constants.O_NOATIME

const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY

let noatimePermitted = true

/**
 * A descriptor, at offset 0, of whatever is at `path` (escaped as in `entry-name.ts`) and is no symbolic link.
 *
 * @throws {NodeJS.ErrnoException}
 */
export function openFile(path: string): number {
  return openInSteps(path, OPEN_FOLDER, openLast)
}

function openLast(path: string): number {
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
