/**
 * Opens a file for reading: the one that is meant and no other, whatever is renamed, linked or mounted at the same
 * time, and without side effects. A path is walked from the watched folder, and no symbolic link is followed. What is
 * found is looked at before it is opened, since opening a device, a FIFO or a socket may do anything.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { getSystemErrorMessage, getSystemErrorName } from 'node:util'
import { nameToBytes, pathForFs } from '@drive-feed/shared/entry-name.ts'
import { type FileStats, statsOf } from '@drive-feed/shared/file-stats.ts'
import koffi from 'koffi'
import { systemCall } from './system-call.ts'

const AT_FDCWD = -100
const O_PATH = 0o10000000
const O_CLOEXEC = 0o2000000
/** RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS and RESOLVE_BENEATH of linux/openat2.h. */
const BENEATH = 0x02n | 0x04n | 0x08n

/**
 * Flags for a kernel without openat2(2). All our calls have them and no library's call has, so a filter can distinguish
 * them. They have no effect on files that are only read.
 */
export const OWN_FLAGS = constants.O_NOCTTY | constants.O_NONBLOCK | constants.O_DSYNC

/** With NONBLOCK a file with a lease gives EAGAIN. */
const READ = constants.O_RDONLY | O_CLOEXEC | constants.O_NONBLOCK
/** Reading a million files must not write a million inodes. */
const READ_NOATIME = READ | constants.O_NOATIME
const LOOK = O_PATH | O_CLOEXEC | constants.O_NOFOLLOW
const LOOK_FOLDER = LOOK | constants.O_DIRECTORY
/** Follows links: the owner may watch a link, and let it lead elsewhere one day. */
const LOOK_ROOT = O_PATH | O_CLOEXEC | constants.O_DIRECTORY

/** RESOLVE_CACHED: only what the kernel has in memory, without waiting for a disk or server. Since Linux 5.12. */
const CACHED = 0x20n

/** A path longer than PATH_MAX (4096 bytes) is walked in steps; in UTF-8 a UTF-16 unit takes three bytes at most. */
const STEP_UNITS = 1300

const openat2 = systemCall('openat2', 'int', 'const char *', 'void *', 'size_t')
/** struct open_how: flags, mode, resolve. Filled anew for each call. */
const how = new BigUint64Array(3)

let noatimePermitted = true

/** Whether the kernel has openat2(2) (since 5.6) and no container's filter refuses it. */
export function hasOpenat2(): boolean {
  return openat2(AT_FDCWD, null, how, how.byteLength) === -(koffi.os.errno.EFAULT as number)
}

/**
 * Opens a folder with O_PATH, and follows links. It may take as long as the folder's server. @throws
 * {NodeJS.ErrnoException}
 */
export function openFolder(path: string): number {
  return openSync(pathForFs(path), LOOK_ROOT)
}

/** The same without waiting for anything; null if that is not possible. */
export function openFolderAtHand(path: string): number | null {
  try {
    return openAt(AT_FDCWD, path, LOOK_ROOT, CACHED)
  } catch {
    return null
  }
}

/** How a path is walked and a descriptor opened, with openat2(2) or without. */
type Calls = {
  readonly openRoot: (root: string) => number
  /** @param names the path from `folder` on */
  readonly lookFrom: (folder: number, names: string, flags: number) => number
  readonly openAgain: (path: string, flags: number) => number
}

const WITH_OPENAT2: Calls = {
  openRoot: (root) => openAt(AT_FDCWD, root, LOOK_ROOT, 0n),
  lookFrom: (folder, names, flags) => openAt(folder, names, flags, BENEATH),
  openAgain: (path, flags) => openAt(AT_FDCWD, path, flags, 0n),
}

const WITHOUT_OPENAT2: Calls = {
  openRoot: (root) => openSync(pathForFs(root), LOOK_ROOT | OWN_FLAGS),
  lookFrom: walkByNames,
  openAgain: (path, flags) => openSync(path, flags | OWN_FLAGS),
}

/**
 * Gives a descriptor, at offset 0, of the file at `path`, which is below `root` (both escaped as in `entry-name.ts`).
 * Null if `isMeant` is false for what is there.
 *
 * @throws {NodeJS.ErrnoException}
 */
export type OpenFile = (root: string, path: string, isMeant: (stats: FileStats) => boolean) => number | null

export function createOpenFile(canOpenBeneath: boolean): OpenFile {
  const calls = canOpenBeneath ? WITH_OPENAT2 : WITHOUT_OPENAT2
  return (root, path, isMeant) => {
    const place = lookBelow(calls, root, path)
    try {
      return isMeant(statsOf(place)) ? openForReading(calls, place) : null
    } finally {
      closeSync(place)
    }
  }
}

/** An O_PATH descriptor of what is there, which does not open it. Behind the root no symbolic link is followed. */
function lookBelow({ openRoot, lookFrom }: Calls, root: string, path: string): number {
  // The root "/" ends with a slash itself.
  const names = path.slice(root.endsWith('/') ? root.length : root.length + 1)
  let folder = openRoot(root)
  try {
    let from = 0
    while (names.length - from > STEP_UNITS) {
      // No valid name is that long, so there is a slash. Without one the kernel gives ENAMETOOLONG.
      const cut = names.lastIndexOf('/', from + STEP_UNITS)
      if (cut <= from) break
      const next = lookFrom(folder, names.slice(from, cut), LOOK_FOLDER)
      closeSync(folder)
      folder = next
      from = cut + 1
    }
    return lookFrom(folder, names.slice(from), LOOK)
  } finally {
    closeSync(folder)
  }
}

/** Walks without openat2(2), a name at a time: a symbolic link is opened as itself, and leads nowhere. */
function walkByNames(folder: number, names: string, flags: number): number {
  let at = folder
  const parts = names.split('/')
  try {
    for (const [index, name] of parts.entries()) {
      const isLast = index === parts.length - 1
      const next = openSync(pathForFs(`/proc/self/fd/${at}/${name}`), (isLast ? flags : LOOK_FOLDER) | OWN_FLAGS)
      if (at !== folder) closeSync(at)
      at = next
    }
    return at
  } catch (error) {
    if (at !== folder) closeSync(at)
    throw error
  }
}

/** Opens the very inode that was looked at. */
function openForReading({ openAgain }: Calls, place: number): number {
  const path = `/proc/self/fd/${place}`
  if (!noatimePermitted) return openAgain(path, READ)
  try {
    return openAgain(path, READ_NOATIME)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
    // Only a file's owner and root may use O_NOATIME (open(2)). A process that is neither is so for most files: don't
    // try again.
    const fd = openAgain(path, READ)
    noatimePermitted = false
    return fd
  }
}

/** @throws {NodeJS.ErrnoException} */
function openAt(folder: number, path: string, flags: number, resolve: bigint): number {
  how[0] = BigInt(flags)
  how[2] = resolve
  const text = path.isWellFormed() ? path : Buffer.concat([nameToBytes(path), Buffer.of(0)])
  const result = openat2(folder, text, how, how.byteLength)
  if (result >= 0) return result
  throw Object.assign(new Error(`openat2: ${getSystemErrorMessage(result)}`), {
    code: getSystemErrorName(result),
    errno: result,
    syscall: 'openat2',
  })
}
