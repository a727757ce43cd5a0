/**
 * Looking at a folder: the only code that reads the watched folders' structure. A folder is opened once, its inode
 * compared with the one that is meant, and everything else goes through that descriptor. So an answer is always about the
 * folder that was asked about, whatever is renamed meanwhile.
 */
import { closeSync, constants, openSync, readdirSync } from 'node:fs'
import { getSystemErrorMessage, getSystemErrorName } from 'node:util'
import { nameFromBytes, pathForFs } from '@drive-feed/shared/entry-name.ts'
import { statsOf } from '@drive-feed/shared/file-stats.ts'
import { openInSteps } from '@drive-feed/shared/open-in-steps.ts'
import { type FolderSight, sightOf } from './sight.ts'
import type { SightsBuilder } from './sights.ts'
import { findSpelling, mayFold } from './spelling.ts'
import { emptyStats, statAt } from './statx.ts'

/** `names: null` lists the folder; otherwise just these names are looked at. */
export type LookRequest = {
  readonly path: string
  /** Whose folder it must be: `st_dev` and inode, decimal; null for a root whose identity is not known yet. */
  readonly expected: { readonly deviceNumber: string; readonly inode: string } | null
  readonly names: readonly string[] | null
  /** The inotify instance that is to watch the folder before it is listed; null for none. */
  readonly inotifyFd: number | null
}

/** The outcome of asking for a watch; `refused` carries the errno. */
export type WatchOutcome =
  | { readonly kind: 'watched'; readonly watch: number }
  | { readonly kind: 'not-asked' }
  | { readonly kind: 'refused'; readonly errno: number }

/**
 * - `seen`: the sights from index `from` up to, not including, `to` of the batch are this folder's. - `elsewhere`: the
 *   path leads to nothing or to another folder. - `unreadable`: nothing can be said.
 */
export type LookAnswer =
  | {
      readonly kind: 'seen'
      readonly folder: FolderSight
      readonly from: number
      readonly to: number
      readonly watch: WatchOutcome
      /** Names that were asked for and are another's spelling, with how that is listed. Hardly ever any. */
      readonly respelled?: ReadonlyMap<string, string>
    }
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'unreadable'; readonly problem: string; readonly watch: WatchOutcome }
  /** Not looked at, and to be asked again: the batch is full, or (with a `problem`) the system has nothing left to open it with. */
  | { readonly kind: 'later'; readonly problem: string | null }

export type LookTools = {
  readonly isExcluded: (name: string) => boolean
  /** Watches the folder behind `path` (of /proc/self/fd). */
  readonly addWatch: (inotifyFd: number, path: string) => WatchOutcome
}

const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** EBADMSG and EUCLEAN, for which Node has no words: what ext4, XFS and btrfs say of checksums and structures. */
const DAMAGED = [74, 117]

/** Answers one request; the sights are appended to `sights`. Never throws for what a disk may do. */
export function look(request: LookRequest, tools: LookTools, sights: SightsBuilder): LookAnswer {
  let fd: number | undefined
  let watch: WatchOutcome = { kind: 'not-asked' }
  try {
    fd = openFolder(request.path)
    const folder = sightOf(statsOf(fd))
    if (folder.kind !== 'folder' || !isExpected(folder, request)) return { kind: 'elsewhere' }
    const door = `/proc/self/fd/${fd}`
    // Watch before listing: what is created between the two would be missed.
    if (request.inotifyFd !== null) watch = tools.addWatch(request.inotifyFd, door)
    const from = sights.length
    if (request.names === null) {
      for (const name of listNames(door)) if (!tools.isExcluded(name)) lookAt(fd, name, sights)
      return { kind: 'seen', folder, from, to: sights.length, watch }
    }
    const respelled = lookAtNames({ fd, door }, request.names, tools, sights)
    const seen: LookAnswer = { kind: 'seen', folder, from, to: sights.length, watch }
    return respelled.size === 0 ? seen : { ...seen, respelled }
  } catch (error) {
    if (isExhaustion(error)) return { kind: 'later', problem: problemOf(error) }
    return isAbsence(error) ? { kind: 'elsewhere' } : { kind: 'unreadable', problem: problemOf(error), watch }
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** Opens a folder for listing. */
function openFolder(path: string): number {
  return openInSteps(path, OPEN_FOLDER, (last) => openSync(pathForFs(last), OPEN_FOLDER))
}

function isExpected(folder: FolderSight, { expected }: LookRequest): boolean {
  return expected === null || (folder.inode === expected.inode && folder.deviceNumber === expected.deviceNumber)
}

/** Filled anew for each name. */
const stats = emptyStats()

/**
 * Looks at names one by one. Where the folder may find a name under another spelling, only what it lists is there: after
 * `mv holiday.jpg Holiday.jpg` both would be found. Gives those that are another's spelling, with how that is listed.
 */
function lookAtNames(
  { fd, door }: { readonly fd: number; readonly door: string },
  names: readonly string[],
  tools: Pick<LookTools, 'isExcluded'>,
  sights: SightsBuilder,
): ReadonlyMap<string, string> {
  const respelled = new Map<string, string>()
  /** Null where names are found as they are spelled; undefined while that is not known. */
  let listed: ReadonlySet<string> | null | undefined
  for (const name of names) {
    if (tools.isExcluded(name)) {
      sights.pushUnlisted(name)
      continue
    }
    const isFound = lookAt(fd, name, sights)
    if (!isFound || name === '.') continue
    if (listed === undefined) {
      const folds = mayFold(fd, name)
      if (folds !== null) listed = folds ? listNames(door) : null
    }
    if (listed == null || listed.has(name)) continue
    sights.dropLast()
    sights.pushGone(name)
    const spelling = findSpelling(name, listed)
    if (spelling !== undefined) respelled.set(name, spelling)
  }
  return respelled
}

/** Whether something is there. */
function lookAt(folderFd: number, name: string, sights: SightsBuilder): boolean {
  const errno = statAt(folderFd, name, stats)
  if (errno === 0) {
    sights.pushStats(name, stats)
    return true
  }
  const error = { code: getSystemErrorName(-errno), errno: -errno }
  if (isAbsence(error)) sights.pushGone(name)
  else sights.pushUnreadable(name, problemOf(error))
  return false
}

/**
 * Each name once: NFS and others may give one twice when the folder changes while it is listed. U+FFFD in a name means
 * that its bytes may not be UTF-8; only then the slower listing in bytes is worth its price.
 */
function listNames(door: string): ReadonlySet<string> {
  const names = readdirSync(door)
  if (!names.some((name) => name.includes('\uFFFD'))) return new Set(names)
  return new Set(readdirSync(door, 'buffer').map((bytes) => nameFromBytes(bytes)))
}

/** ELOOP is a symbolic link where a folder was. */
function isAbsence(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP'
}

/** Too many open files, of this process or in all, or no memory: that says nothing of the folder, and passes. */
function isExhaustion(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM'
}

/** @throws what is no system error, and so a bug */
function problemOf(error: unknown): string {
  const { code, errno } = error as NodeJS.ErrnoException
  if (code === undefined || errno === undefined) throw error
  if (DAMAGED.includes(-errno)) return `the filesystem is damaged there, errno ${-errno}`
  return `${code}: ${getSystemErrorMessage(errno)}`
}
