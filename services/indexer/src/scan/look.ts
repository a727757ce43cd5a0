/**
 * Looks at a folder: the only code that reads the structure of watched folders. The folder is opened once, its inode is
 * compared with the one that is meant, and everything else goes through that descriptor. So an answer is always about
 * the folder that is meant, whatever is renamed at the same time.
 */
import { closeSync, constants, openSync, readdirSync } from 'node:fs'
import { getSystemErrorMessage, getSystemErrorName } from 'node:util'
import { nameFromBytes, pathForFs } from '@drive-feed/shared/entry-name.ts'
import { statsOf } from '@drive-feed/shared/file-stats.ts'
import { openInSteps } from '@drive-feed/shared/open-in-steps.ts'
import type { OwnFiles } from '@drive-feed/shared/own-files.ts'
import { isExhaustion } from '@drive-feed/shared/passing-errors.ts'
import { type FolderSight, sightOf } from '../model/sight.ts'
import type { SightsBuilder } from '../model/sights.ts'
import { emptyStats, statAt } from '../posix/statx.ts'
import { createSpellings, mayFold } from './spelling.ts'

/** `names: null` lists the folder; otherwise only these names are looked at. */
export type LookRequest = {
  readonly path: string
  /**
   * The identity that the folder must have: `st_dev` and inode, decimal; null for a root whose identity is not known
   * yet.
   */
  readonly expected: { readonly deviceNumber: string; readonly inode: string } | null
  readonly names: readonly string[] | null
  /** The inotify instance that is to watch the folder before it is listed; null for none. */
  readonly inotifyFd: number | null
  /** The stable name of the folder's device, if the ids of files are to be made with the listing: it takes long. */
  readonly idsFor?: string
}

/** The outcome of asking for a watch; `refused` carries the errno. */
export type WatchOutcome =
  | { readonly kind: 'watched'; readonly watch: number }
  | { readonly kind: 'not-asked' }
  | { readonly kind: 'refused'; readonly errno: number }

/**
 * - `seen`: the batch's sights from index `from` up to, not including, `to` are this folder's.
 * - `elsewhere`: the path leads to nothing or to another folder.
 * - `unreadable`: nothing can be said.
 */
export type LookAnswer =
  | {
      readonly kind: 'seen'
      readonly folder: FolderSight
      readonly from: number
      readonly to: number
      readonly watch: WatchOutcome
      /** Names that were asked for and are another spelling of a listed name, with that name. Rarely any. */
      readonly respelled?: ReadonlyMap<string, string>
      /** Whether names may be found there under another spelling. */
      readonly folds?: boolean
      /** Whether own files were met and left out. */
      readonly hasOwn?: boolean
    }
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'unreadable'; readonly problem: string; readonly watch: WatchOutcome }
  /** Not looked at, and to be asked again: the batch is full, or (with a `problem`) too many files are open. */
  | { readonly kind: 'later'; readonly problem: string | null }

export type LookTools = {
  /** `path`: that of the folder. */
  readonly isExcluded: (name: string, path: string) => boolean
  /** Own files, which are those of drive-feed itself. They are never listed. */
  readonly own?: Pick<OwnFiles, 'namesIn' | 'isOwn'>
  /** Watches the folder behind `path`, which is in /proc/self/fd. */
  readonly addWatch: (inotifyFd: number, path: string) => WatchOutcome
}

const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** EBADMSG and EUCLEAN, for which Node has no text: ext4, XFS and btrfs give them for bad checksums and structures. */
const DAMAGED = [74, 117]

/** Answers one request and appends its sights to `sights`. Never throws, whatever a disk does. */
export function look(request: LookRequest, tools: LookTools, sights: SightsBuilder): LookAnswer {
  let fd: number | undefined
  let watch: WatchOutcome = { kind: 'not-asked' }
  try {
    fd = openFolder(request.path)
    const folderStats = statsOf(fd)
    const folder = sightOf(folderStats)
    if (folder.kind !== 'folder' || !isExpected(folder, request)) return { kind: 'elsewhere' }
    const door = `/proc/self/fd/${fd}`
    // Watch before listing: what is created between the two would be missed.
    if (request.inotifyFd !== null) watch = tools.addWatch(request.inotifyFd, door)
    const from = sights.length
    const isExcluded = (name: string) => tools.isExcluded(name, request.path)
    const isOwnName = tools.own?.namesIn(folderStats) ?? null
    const at = { fd, door, isExcluded, isOwnName, idsFor: request.idsFor }
    const met = request.names === null ? lookAtAll(at, tools, sights) : lookAtNames(at, request.names, tools, sights)
    return { kind: 'seen', folder, from, to: sights.length, watch, ...met }
  } catch (error) {
    if (isExhaustion((error as NodeJS.ErrnoException).code ?? '')) return { kind: 'later', problem: problemOf(error) }
    return isAbsence(error) ? { kind: 'elsewhere' } : { kind: 'unreadable', problem: problemOf(error), watch }
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

function openFolder(path: string): number {
  return openInSteps(path, OPEN_FOLDER, (last) => openSync(pathForFs(last), OPEN_FOLDER))
}

function isExpected(folder: FolderSight, { expected }: LookRequest): boolean {
  return expected === null || (folder.inode === expected.inode && folder.deviceNumber === expected.deviceNumber)
}

/** Filled anew for each name. */
const stats = emptyStats()

/** An open folder. `isOwnName`: which names in it are own files; null if none can be. */
type OpenFolder = {
  readonly fd: number
  readonly door: string
  readonly isExcluded: (name: string) => boolean
  readonly isOwnName: ((name: string) => boolean) | null
  readonly idsFor: string | undefined
}

type Met = Pick<Extract<LookAnswer, { kind: 'seen' }>, 'respelled' | 'folds' | 'hasOwn'>

function lookAtAll(folder: OpenFolder, tools: LookTools, sights: SightsBuilder): Met {
  const { door, isExcluded, isOwnName } = folder
  let hasOwn = false
  for (const name of listNames(door)) {
    if (isOwnName?.(name) === true) hasOwn = true
    else if (!isExcluded(name) && lookAt(folder, name, sights, tools.own) === 'own') hasOwn = true
  }
  return hasOwn ? { hasOwn } : {}
}

/**
 * Looks at names one by one. If the folder may find a name under another spelling, only listed names are there: after
 * `mv holiday.jpg Holiday.jpg` both would be found.
 */
function lookAtNames(folder: OpenFolder, names: readonly string[], tools: LookTools, sights: SightsBuilder): Met {
  const { fd, door, isExcluded, isOwnName } = folder
  const respelled = new Map<string, string>()
  let hasOwn = false
  /** Null if names are found only as they are spelled; undefined while that is not known. */
  let listed: ReadonlySet<string> | null | undefined
  let spellingOf: ReturnType<typeof createSpellings> = () => undefined
  for (const name of names) {
    const isOwn = isOwnName?.(name) === true
    hasOwn ||= isOwn
    if (isOwn || isExcluded(name)) {
      sights.pushUnlisted(name)
      continue
    }
    const met = lookAt(folder, name, sights, tools.own)
    hasOwn ||= met === 'own'
    if (met !== 'other' || name === '.') continue
    if (listed === undefined) {
      const folds = mayFold(fd, name)
      if (folds !== null) listed = folds ? listNames(door) : null
      if (listed != null) spellingOf = createSpellings(listed)
    }
    if (listed == null || listed.has(name)) continue
    sights.dropLast()
    sights.pushGone(name)
    const spelling = spellingOf(name)
    if (spelling !== undefined) respelled.set(name, spelling)
  }
  const folds = listed != null
  return {
    ...(hasOwn ? { hasOwn } : {}),
    ...(folds ? { folds } : {}),
    ...(respelled.size > 0 ? { respelled } : {}),
  }
}

/** Looks at one name: whether something is there, and whether it is an own file. */
function lookAt(
  { fd, idsFor }: Pick<OpenFolder, 'fd' | 'idsFor'>,
  name: string,
  sights: SightsBuilder,
  own: LookTools['own'],
): 'own' | 'other' | 'nothing' {
  const errno = statAt(fd, name, stats)
  if (errno === 0) {
    const isOwn = stats.kind === 'file' && own?.isOwn(stats) === true
    if (isOwn) sights.pushUnlisted(name)
    else sights.pushStats(name, stats, idsFor)
    return isOwn ? 'own' : 'other'
  }
  const error = { code: getSystemErrorName(-errno), errno: -errno }
  if (isAbsence(error)) sights.pushGone(name)
  else sights.pushUnreadable(name, problemOf(error))
  return 'nothing'
}

/**
 * Each name once: NFS and others may give one twice when the folder changes while it is listed. U+FFFD in a name means
 * that its bytes may not be UTF-8. Only then is the slower listing in bytes made.
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

/** @throws an error that is no system error, and so a bug */
function problemOf(error: unknown): string {
  const { code, errno } = error as NodeJS.ErrnoException
  if (code === undefined || errno === undefined) throw error
  if (DAMAGED.includes(-errno)) return `the filesystem is damaged there, errno ${-errno}`
  return `${code}: ${getSystemErrorMessage(errno)}`
}
