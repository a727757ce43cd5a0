/** The tree on the disk beside the tree in the database, folder by folder: memory grows with a folder, not with the tree. */
import { createHash } from 'node:crypto'
import { closeSync, constants, openSync, readdirSync, readSync } from 'node:fs'
import { nameFromBytes, pathForFs } from '@drive-feed/shared/entry-name.ts'
import { isSameInode, statsAt, statsOf } from '@drive-feed/shared/file-stats.ts'
import { type AuditRow, difference, isWaiting, type OnDisk } from './place.ts'
import type { AuditRows } from './rows.ts'

/** `names` lead from the watched folder to the place; none for that folder itself. */
export type Place = {
  readonly root: { readonly name: string; readonly path: string }
  readonly names: readonly string[]
}

/** - `problem`: the two differ. - `same`: compared, equal. `waits`: but for the bytes, which the indexer has yet to read. */
export type Finding =
  | { readonly kind: 'problem'; readonly place: Place; readonly problem: string }
  | { readonly kind: 'same'; readonly isDirectory: boolean; readonly waits: boolean }

export type WalkTools = {
  readonly rows: AuditRows
  readonly isExcluded: (name: string) => boolean
  /** Whether files are read and their MD5 compared. */
  readonly readsFiles: boolean
}

const READ_BYTES = 1024 * 1024
const OPEN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Compares a place and, where it is a folder in both, everything below it. */
export function* walk(tools: WalkTools, place: Place): Generator<Finding> {
  const row = rowAt(tools.rows, place)
  yield* compare(tools, place, row, diskAt(place))
}

function* compare(
  tools: WalkTools,
  place: Place,
  row: AuditRow | undefined,
  disk: OnDisk | null | Error,
): Generator<Finding> {
  if (disk instanceof Error) {
    yield { kind: 'problem', place, problem: `it can't be looked at (${disk.message})` }
    return
  }
  if (row === undefined && disk?.kind === 'folder' && isListedElsewhere(tools.rows, place, disk)) return
  const reads = tools.readsFiles && disk?.kind === 'file' && row !== undefined && !isWaiting(row)
  const hash = reads ? md5At(place, disk) : undefined
  const problem = difference(row, disk, hash)
  if (problem !== null) yield { kind: 'problem', place, problem }
  else if (row !== undefined) yield { kind: 'same', isDirectory: row.isDirectory, waits: isWaiting(row) }
  if (row?.isDirectory === true && disk?.kind === 'folder') yield* compareBelow(tools, place, row)
}

function* compareBelow(tools: WalkTools, place: Place, folder: AuditRow): Generator<Finding> {
  let names: string[]
  try {
    names = readdirSync(pathForFs(pathOf(place)), 'buffer').map(nameFromBytes)
  } catch (error) {
    yield { kind: 'problem', place, problem: `its listing can't be read (${(error as Error).message})` }
    return
  }
  const rows = new Map(tools.rows.children(folder.nodeId).map((row) => [row.name, row]))
  const folders: string[] = []
  for (const name of new Set([...names, ...rows.keys()])) {
    const row = rows.get(name)
    const below = { ...place, names: [...place.names, name] }
    if (tools.isExcluded(name)) {
      if (row !== undefined) yield { kind: 'problem', place: below, problem: 'excluded, but in the database' }
      continue
    }
    const disk = diskAt(below)
    // After the files, so that only names and not rows are kept while the folders below are walked.
    if (row?.isDirectory === true && !(disk instanceof Error) && disk?.kind === 'folder') folders.push(name)
    else yield* compare(tools, below, row, disk)
  }
  rows.clear()
  for (const name of folders) yield* walk(tools, { ...place, names: [...place.names, name] })
}

/** The same folder is mounted at two places: it is listed at one of them. */
function isListedElsewhere({ pathsOfFolder }: AuditRows, place: Place, disk: OnDisk): boolean {
  return pathsOfFolder(String(disk.inode)).some((path) => {
    const there = path === '' || path === pathOf(place) ? null : lookAt(path)
    return there !== null && !(there instanceof Error) && isSameInode(there, disk)
  })
}

function rowAt(rows: AuditRows, { root, names }: Place): AuditRow | undefined {
  let row = rows.root(root.name)
  for (const name of names) {
    if (row === undefined) return undefined
    row = rows.childAt(row.nodeId, name)
  }
  return row
}

function diskAt(place: Place): OnDisk | null | Error {
  return lookAt(pathOf(place))
}

function lookAt(path: string): OnDisk | null | Error {
  try {
    const stats = statsAt(path)
    return stats?.kind === 'other' ? null : stats
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOTDIR' || code === 'ENOENT' ? null : (error as Error)
  }
}

export function pathOf({ root, names }: Place): string {
  return [root.path === '/' ? '' : root.path, ...names].join('/') || '/'
}

/** MD5 of the file that `seen` is about; undefined if it is another by now, or changed while it was read. */
function md5At(place: Place, seen: OnDisk): string | undefined {
  let fd: number | undefined
  try {
    fd = openSync(pathForFs(pathOf(place)), OPEN_FILE)
    if (!isSame(seen, statsOf(fd))) return undefined
    const md5 = createHash('md5')
    const buffer = Buffer.allocUnsafe(READ_BYTES)
    for (let length = readSync(fd, buffer); length > 0; length = readSync(fd, buffer)) {
      md5.update(buffer.subarray(0, length))
    }
    return isSame(seen, statsOf(fd)) ? md5.digest('hex') : undefined
  } catch {
    // What can't be read has no hash in the database either, and that is said.
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
