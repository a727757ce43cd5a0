/** Looks into a watched folder as the indexer would: whether this user may read it, and what filesystem it is on. */
import { closeSync, constants, type Dirent, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isSameInode, statsBehind, statsOrNull } from '@drive-feed/shared/file-stats.ts'
import { filesystemSigns } from '../../scan/filesystem-signs.ts'
import { parseMountinfo, readMountinfo } from '../../scan/mountinfo.ts'

export type FolderProbe = {
  /** Why it can't be watched; null if it can. */
  readonly problem: string | null
  /** As /proc/self/mountinfo has it, as in `ext4` or `fuse.mergerfs`; empty if unknown. */
  readonly filesystem: string
  readonly source: string
  /** Types of what is mounted below the folder. */
  readonly below: readonly string[]
  /** Whether a name is found under another case. */
  readonly foldsCase: boolean
  readonly hasSnapshots: boolean
  readonly folders: number
  /** Whether there are more folders than were looked at. */
  readonly hasMore: boolean
  /** Places that this user can't read, among those that were looked at: the first, and how many. */
  readonly unreadable: { readonly first: string; readonly count: number } | null
}

const FOLDERS_MAX = 2_000
const DEPTH_MAX = 6
/** Of each folder: a whole folder usually belongs to one user. */
const FILES_OPENED = 2
const SNAPSHOT_NAMES = ['.zfs', '.snapshot', '.snapshots']

const NOTHING = { filesystem: '', source: '', below: [], foldsCase: false, hasSnapshots: false } as const

export function probeFolder(path: string): FolderProbe {
  const problem = problemOf(path)
  if (problem !== null) return { ...NOTHING, problem, folders: 0, hasMore: false, unreadable: null }
  const signs = filesystemSigns(path)
  const inside = path === '/' ? '/' : `${path}/`
  const mounts = parseMountinfo(readMountinfo() ?? '').filter(({ point }) => point.startsWith(inside))
  return {
    problem,
    filesystem: signs?.filesystemType ?? '',
    source: signs?.mountSource ?? '',
    below: [...new Set(mounts.map(({ type }) => type))],
    foldsCase: foldsCase(path),
    hasSnapshots: SNAPSHOT_NAMES.some((name) => statsOrNull(join(path, name)) !== null),
    ...sample(path),
  }
}

function problemOf(path: string): string | null {
  try {
    const stats = statsBehind(path)
    if (stats === null) return 'it does not exist'
    if (stats.kind !== 'folder') return 'it is not a folder'
    readdirSync(path)
    // Listing needs the r bit, and looking at the entries the x bit.
    statsBehind(`${path}/.`)
    return null
  } catch (error) {
    return `it can't be read (${(error as NodeJS.ErrnoException).code})`
  }
}

/** Breadth first, so that every part near the top is looked at. */
function sample(top: string): Pick<FolderProbe, 'folders' | 'hasMore' | 'unreadable'> {
  const waiting = [{ path: top, depth: 0 }]
  const unreadable: string[] = []
  let folders = 0
  let hasMore = false
  for (const { path, depth } of waiting) {
    const entries = entriesOf(path)
    folders += 1
    if (entries === null) unreadable.push(path)
    const files = (entries ?? []).filter((entry) => entry.isFile()).slice(0, FILES_OPENED)
    unreadable.push(...files.map(({ name }) => join(path, name)).filter((file) => !canOpen(file)))
    for (const entry of (entries ?? []).filter((one) => one.isDirectory())) {
      if (waiting.length >= FOLDERS_MAX || depth >= DEPTH_MAX) hasMore = true
      else waiting.push({ path: join(path, entry.name), depth: depth + 1 })
    }
  }
  const [first] = unreadable
  return { folders, hasMore, unreadable: first === undefined ? null : { first, count: unreadable.length } }
}

function entriesOf(path: string): Dirent[] | null {
  try {
    return readdirSync(path, { withFileTypes: true })
  } catch (error) {
    // What has just been removed is no problem.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : null
  }
}

/** By opening, since access(2) leaves out CAP_DAC_READ_SEARCH of users other than root. Nothing is read. */
function canOpen(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK))
    return true
  } catch (error) {
    return !['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')
  }
}

/** By an entry that is there: nothing is written. */
function foldsCase(path: string): boolean {
  const name = readdirSync(path).find((one) => swapped(one) !== one)
  if (name === undefined) return false
  return isSameInode(statsOrNull(join(path, name)), statsOrNull(join(path, swapped(name))))
}

function swapped(name: string): string {
  return name.replace(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()))
}
