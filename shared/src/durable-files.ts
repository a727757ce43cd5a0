/** Files that are to be there, whole, after a power loss. */
import { closeSync, constants, fsyncSync, openSync } from 'node:fs'

/** fsync(2) of a file's bytes. @throws {NodeJS.ErrnoException} */
export function syncFile(path: string): void {
  sync(path, constants.O_RDONLY)
}

/**
 * fsync(2) of a folder: its entries as they are now. Some network filesystems have none of this for folders, and there
 * is nothing to be done about that.
 *
 * @throws {NodeJS.ErrnoException}
 */
export function syncFolder(path: string): void {
  try {
    sync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EBADF'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

function sync(path: string, flags: number): void {
  const fd = openSync(path, flags)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
