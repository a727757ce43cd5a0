/**
 * Compares the tree on disk with the tree in the database, folder by folder. Memory grows with one folder and the path
 * to it.
 */

import type { IsExcluded } from '@drive-feed/shared/exclude.ts'
import { isSameInode } from '@drive-feed/shared/file-stats.ts'
import { type FolderOnDisk, isAbsence, lookAt, openFolder, problemOf } from './folder-on-disk.ts'
import { type AuditRow, difference, isRead, isWaiting, type OnDisk } from './place.ts'
import type { AuditRows } from './rows.ts'

/** `names` lead from the watched folder to the place. The folder itself has none. */
export type Place = {
  readonly root: { readonly name: string; readonly path: string }
  readonly names: readonly string[]
}

/**
 * - `problem`: disk and database differ.
 * - `same`: they are equal. `waits`: all but the bytes, which the indexer is still to read.
 * - `away`: the filesystem that was mounted there is away, and its `nodes`, the place's own included, are kept.
 */
export type Finding =
  | { readonly kind: 'problem'; readonly place: Place; readonly problem: string }
  | { readonly kind: 'same'; readonly isDirectory: boolean; readonly waits: boolean }
  | { readonly kind: 'away'; readonly place: Place; readonly nodes: number }

export type WalkTools = {
  readonly rows: AuditRows
  readonly isExcluded: IsExcluded
  /** Whether it is a file of drive-feed itself, which is never listed. */
  readonly isOwn?: (file: OnDisk) => boolean
  /** Whether files are read and their MD5 compared. */
  readonly readsFiles: boolean
}

/** The last listing that was read, kept for callers that compare one place of a folder after the other. */
export type LastListing = { path: string; names: ReadonlySet<string> }

/**
 * A folder whose content is to be compared. A chain of levels and not a list of names: a path may have thousands of
 * names.
 */
type Level = {
  readonly above: Level | null
  readonly name: string
  readonly row: Pick<AuditRow, 'nodeId' | 'device'>
  /** Once the folder was compared: the folders in it that are still to be compared. */
  below: Level[] | null
}

/** A place below a root. `folderRow`: the row of the folder that it is in. */
type Entry = {
  readonly name: string
  readonly row: AuditRow | undefined
  readonly isListed: boolean
  readonly folder: FolderOnDisk
  readonly folderRow: Pick<AuditRow, 'device'> | undefined
}

/** Compares a place and, if it is a folder on both sides, everything below it. */
export function* walk(tools: WalkTools, place: Place, last: LastListing = noListing()): Generator<Finding> {
  const rows = rowsTo(tools.rows, place)
  const row = rows[place.names.length]
  const isBoth =
    place.names.length === 0
      ? yield* compare(place, row, lookAt(pathOf(place)), undefined)
      : yield* compareOne(tools, place, rows, last)
  if (!isBoth || row === undefined) return
  // A stack and not recursion: folders may be nested deeper than calls.
  let level: Level | null = { above: null, name: '', row, below: null }
  while (level !== null) {
    level.below ??= yield* compareFolder(tools, place, level)
    level = level.below.pop() ?? level.above
  }
}

export function noListing(): LastListing {
  return { path: '', names: new Set() }
}

export function pathOf({ root, names }: Place): string {
  return [root.path === '/' ? '' : root.path, ...names].join('/') || '/'
}

/** Compares one place by itself. */
function* compareOne(
  tools: WalkTools,
  place: Place,
  rows: readonly (AuditRow | undefined)[],
  last: LastListing,
): Generator<Finding, boolean> {
  const { root, names } = place
  const [name, row, folderRow] = [names.at(-1) as string, rows[names.length], rows[names.length - 1]]
  const path = pathOf({ root, names: names.slice(0, -1) })
  const folder = openFolder(path)
  if (folder instanceof Error) return yield* compare(place, row, isAbsence(folder) ? null : folder, undefined)
  try {
    const listed = last.path === path ? last.names : folder.names()
    if (listed instanceof Error) {
      yield unlistable({ root, names: names.slice(0, -1) }, listed)
      return false
    }
    Object.assign(last, { path, names: listed })
    return yield* compareEntry(tools, place, { name, row, folderRow, folder, isListed: listed.has(name) })
  } finally {
    folder.close()
  }
}

/** Compares everything in a folder, and gives its folders that are on both sides. */
function* compareFolder(tools: WalkTools, { root, names: above }: Place, level: Level): Generator<Finding, Level[]> {
  const own = { root, names: [...above, ...namesTo(level)] }
  const folder = openFolder(pathOf(own))
  if (folder instanceof Error) {
    yield unlistable(own, folder)
    return []
  }
  const below: Level[] = []
  try {
    const listed = folder.names()
    if (listed instanceof Error) {
      yield unlistable(own, listed)
      return []
    }
    const rows = new Map(tools.rows.children(level.row.nodeId).map((row) => [row.name, row]))
    for (const name of listed.union(rows)) {
      const row = rows.get(name)
      // If names fold, every spelling of a name is found. Only the listed one is its name.
      const isListed = listed.has(name)
      const place = { root, names: [...own.names, name] }
      const isBoth = yield* compareEntry(tools, place, { name, row, isListed, folder, folderRow: level.row })
      if (!isBoth || row === undefined) continue
      const { nodeId, device } = row
      below.push({ above: level, name, row: { nodeId, device }, below: null })
    }
  } finally {
    folder.close()
  }
  return below.reverse()
}

/** Whether the folder is also mounted at another place, and in the database there: the feed has it at one place. */
function isListedElsewhere({ pathsOfFolder }: AuditRows, place: Place, disk: OnDisk | null | Error): boolean {
  if (disk === null || disk instanceof Error || disk.kind !== 'folder') return false
  return pathsOfFolder(String(disk.inode)).some((path) => {
    const there = path === '' || path === pathOf(place) ? null : lookAt(path)
    return there !== null && !(there instanceof Error) && isSameInode(there, disk)
  })
}

/** Null for a file of drive-feed itself, which is never listed. */
function withoutOwn({ isOwn }: WalkTools, disk: OnDisk | null | Error): OnDisk | null | Error {
  const isOurs = disk !== null && !(disk instanceof Error) && disk.kind === 'file' && isOwn?.(disk) === true
  return isOurs ? null : disk
}

/** Compares the place itself, and gives whether it is a folder on both sides. */
function* compareEntry(tools: WalkTools, place: Place, entry: Entry): Generator<Finding, boolean> {
  const { name, row, folder, isListed } = entry
  const pathOfFolder = () => [place.root.name, ...place.names.slice(0, -1)].join('/')
  if (tools.isExcluded(name, pathOfFolder)) {
    if (row !== undefined) yield { kind: 'problem', place, problem: 'excluded, but in the database' }
    return false
  }
  const disk = isListed ? withoutOwn(tools, folder.at(name)) : null
  if (row !== undefined && isAway(tools.rows, entry, disk)) {
    yield { kind: 'away', place, nodes: tools.rows.countFrom(row.nodeId) }
    return false
  }
  if (row === undefined && isListedElsewhere(tools.rows, place, disk)) return false
  const isToRead = tools.readsFiles && isFile(disk) && row !== undefined && isRead(row)
  return yield* compare(place, row, disk, isToRead ? folder.md5(name, disk) : undefined)
}

function* compare(
  place: Place,
  row: AuditRow | undefined,
  disk: OnDisk | null | Error,
  hash: string | undefined,
): Generator<Finding, boolean> {
  if (disk instanceof Error) {
    yield { kind: 'problem', place, problem: `it can't be looked at (${problemOf(disk)})` }
    return false
  }
  const problem = difference(row, disk, hash)
  if (problem !== null) yield { kind: 'problem', place, problem }
  else if (row !== undefined) yield { kind: 'same', isDirectory: row.isDirectory, waits: isWaiting(row) }
  return row?.isDirectory === true && disk?.kind === 'folder'
}

/** Whether the row is a folder of another filesystem, and the folder of this filesystem that it covered is there. */
function isAway(rows: AuditRows, { row, folder, folderRow }: Entry, disk: OnDisk | null | Error): boolean {
  if (row === undefined || folderRow === undefined || !row.isDirectory) return false
  if (disk === null || disk instanceof Error || disk.kind !== 'folder' || disk.device !== folder.device) return false
  return rows.mayBeUnmounted(row.device, folderRow.device)
}

function unlistable(place: Place, error: Error): Finding {
  return { kind: 'problem', place, problem: `its listing can't be read (${problemOf(error)})` }
}

/** The rows of the root and of each name on the way to the place; undefined where there is none. */
function rowsTo(rows: AuditRows, { root, names }: Place): (AuditRow | undefined)[] {
  let row = rows.root(root.name)
  const found = [row]
  for (const name of names) {
    row = row === undefined ? undefined : rows.childAt(row.nodeId, name)
    found.push(row)
  }
  return found
}

function namesTo(level: Level): string[] {
  const names: string[] = []
  for (let at = level; at.above !== null; at = at.above) names.push(at.name)
  return names.reverse()
}

function isFile(disk: OnDisk | null | Error): disk is OnDisk {
  return disk !== null && !(disk instanceof Error) && disk.kind === 'file'
}
