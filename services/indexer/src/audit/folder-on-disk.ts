/**
 * One folder on the disk: its listing, and what is at each name. The folder is opened once and everything else goes
 * through the descriptor, so that no path is too long.
 */
import { createHash } from 'node:crypto'
import { closeSync, constants, openSync, readdirSync, readSync } from 'node:fs'
import { getSystemErrorMessage } from 'node:util'
import { nameFromBytes, pathForFs } from '@drive-feed/shared/entry-name.ts'
import { isSameInode, statsAt, statsOf } from '@drive-feed/shared/file-stats.ts'
import { openInSteps } from '@drive-feed/shared/open-in-steps.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import type { OnDisk } from './place.ts'

export type FolderOnDisk = {
  /** `st_dev` of the folder itself. */
  readonly device: bigint
  /** Every name that is listed, escaped as in `entry-name.ts`. */
  readonly names: () => Set<string> | Error
  /** What is at a name: null for nothing, and for what is never listed. */
  readonly at: (name: string) => OnDisk | null | Error
  /** MD5 of the file that was `seen`; undefined if another file is there now, or it changed while it was read. */
  readonly md5: (name: string, seen: OnDisk) => string | undefined
  readonly close: () => void
}

const READ_BYTES = 1024 * 1024
const OPEN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const OPEN_FOLDER = OPEN_FILE | constants.O_DIRECTORY

export function openFolder(path: string): FolderOnDisk | Error {
  try {
    return behind(openInSteps(path, OPEN_FOLDER, (last) => openSync(pathForFs(last), OPEN_FOLDER)))
  } catch (error) {
    return error as Error
  }
}

function behind(fd: number): FolderOnDisk {
  const pathOf = (name: string) => `/proc/self/fd/${fd}/${name}`
  return {
    device: statsOf(fd).device,
    names: () => {
      try {
        return new Set(readdirSync(`/proc/self/fd/${fd}`, 'buffer').map(nameFromBytes))
      } catch (error) {
        return error as Error
      }
    },
    at: (name) => lookAt(pathOf(name)),
    md5: (name, seen) => md5At(pathOf(name), seen),
    close: () => closeSync(fd),
  }
}

/** What is at a short path, such as a watched folder's. */
export function lookAt(path: string): OnDisk | null | Error {
  try {
    const stats = statsAt(path)
    return stats?.kind === 'other' ? null : stats
  } catch (error) {
    return isAbsence(error) ? null : (error as Error)
  }
}

export function isAbsence(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOTDIR' || code === 'ENOENT' || code === 'ELOOP'
}

/** The system's message, without the path that Node adds. */
export function problemOf(error: unknown): string {
  const { code, errno, message } = error as NodeJS.ErrnoException
  return code === undefined || errno === undefined ? shownText(message) : `${code}: ${getSystemErrorMessage(errno)}`
}

function md5At(path: string, seen: OnDisk): string | undefined {
  let fd: number | undefined
  try {
    fd = openSync(pathForFs(path), OPEN_FILE)
    if (!isSame(seen, statsOf(fd))) return undefined
    const md5 = createHash('md5')
    const buffer = Buffer.allocUnsafe(READ_BYTES)
    for (let length = readSync(fd, buffer); length > 0; length = readSync(fd, buffer)) {
      md5.update(buffer.subarray(0, length))
    }
    return isSame(seen, statsOf(fd)) ? md5.digest('hex') : undefined
  } catch {
    // A file that can't be read has no hash in the database either, which is a difference of its own.
    return undefined
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

function isSame(one: OnDisk, other: OnDisk): boolean {
  return (
    isSameInode(one, other) && one.size === other.size && one.mtime === other.mtime && one.ctimeNs === other.ctimeNs
  )
}
