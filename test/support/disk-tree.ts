/** The tree on disk and the tree in the database, in one form that can be compared (I1). */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { nameFromBytes, nameFromColumns, pathForFs } from '@drive-feed/shared/entry-name.ts'
import { createExclude } from '@drive-feed/shared/exclude.ts'
import { type FileStats, statsAt } from '@drive-feed/shared/file-stats.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type Database from 'better-sqlite3'
import type { FeedNode } from '../../client/src/wire.ts'
import { emptyStats, statAt } from '../../services/indexer/src/posix/statx.ts'

/** A folder is `folder`; a file its size, mtime in µs and MD5. Keys are `root key/relative path`. */
export type TreeImage = Map<string, string>

export type NodeRow = {
  readonly node_id: string
  readonly parent_id: string | null
  readonly name: string
  readonly raw_name: Buffer | null
  readonly is_directory: number
  readonly size: number
  readonly mtime: number
  readonly hash: string
  readonly change_id: number
}

const hashes = new Map<string, string>()

/** Has every file read anew: with coarse times, or after a write to a mapping, its bytes may change without a sign. */
export function forgetHashes(): void {
  hashes.clear()
}

/** Every folder and regular file that is not excluded. */
export function diskTree(roots: Readonly<Record<string, string>>, excludes: readonly string[] = []): TreeImage {
  const isExcluded = createExclude({ patterns: excludes, usesDefaults: true })
  const image: TreeImage = new Map()
  const walk = (path: string, key: string) => {
    image.set(key, 'folder')
    for (const bytes of readdirSync(pathForFs(path), 'buffer')) {
      const name = nameFromBytes(bytes)
      if (isExcluded(name, () => key)) continue
      const stats = freshStatsAt(`${path}/${name}`)
      if (stats?.kind === 'folder') walk(`${path}/${name}`, `${key}/${name}`)
      if (stats?.kind === 'file') image.set(`${key}/${name}`, fileImage(`${path}/${name}`, stats))
    }
  }
  for (const [key, path] of Object.entries(roots)) walk(path, key)
  return image
}

/** Asks by a forced statx first: FUSE may answer from its cache for one name after a write through another. */
function freshStatsAt(path: string): FileStats | null {
  const stats = statsAt(path)
  if (stats?.kind !== 'file' || stats.links === 1) return stats
  const fd = openSync(pathForFs(dirname(path)), 'r')
  statAt(fd, basename(path), emptyStats())
  closeSync(fd)
  return statsAt(path)
}

function fileImage(path: string, { device, inode, size, mtime, ctimeNs }: FileStats): string {
  const identity = `${device}:${inode}:${size}:${mtime}:${ctimeNs}`
  const hash = hashes.get(identity) ?? md5Of(path)
  hashes.set(identity, hash)
  return describeFile(size, mtime, hash)
}

function md5Of(path: string): string {
  const md5 = createHash('md5')
  const buffer = Buffer.allocUnsafe(1024 * 1024)
  const fd = openSync(pathForFs(path), 'r')
  for (let length = readSync(fd, buffer); length > 0; length = readSync(fd, buffer)) {
    md5.update(buffer.subarray(0, length))
  }
  closeSync(fd)
  return md5.digest('hex')
}

export function describeFile(size: number, mtime: number, hash: string): string {
  return `${size} bytes, mtime ${mtime}, md5 ${hash}`
}

/** A node as received, in the same form. */
export function describeNode({ is_directory: isDirectory, size, mtime, hash }: FeedNode): string {
  return isDirectory ? 'folder' : describeFile(size, microsecondsOf(mtime), hash)
}

/** Microseconds since 1970 of a time on the wire; after the year 2255 the nearest double. */
function microsecondsOf(iso: string): number {
  const [, seconds, fraction] = /^(.*?)(?:\.(\d{6}))?\+00:00$/.exec(iso) ?? []
  return Number(BigInt(Date.parse(`${seconds}Z`)) * 1000n + BigInt(fraction ?? 0))
}

export function readNodes(sqlite: Database.Database): NodeRow[] {
  return sqlite
    .prepare<[], NodeRow>(
      `SELECT node_id, parent_id, name, raw_name, is_directory, size, mtime, hash, change_id FROM nodes
       WHERE node_id <> '${SUPER_ROOT_ID}' ORDER BY change_id`,
    )
    .all()
}

/** The nodes as a tree. A node whose parent is missing, or a place that holds two, gets a line of its own (I11). */
export function nodesTree(rows: readonly NodeRow[]): TreeImage {
  const byId = new Map(rows.map((row) => [row.node_id, row]))
  const paths = new Map<string, string>([[SUPER_ROOT_ID, '']])
  const pathOf = (id: string, depth = 0): string => {
    const known = paths.get(id)
    if (known !== undefined) return known
    const row = byId.get(id)
    if (row === undefined || depth > 1000) return `(no node ${id})/`
    const above = pathOf(row.parent_id ?? '(none)', depth + 1)
    const path = above === '' ? name(row) : `${above}/${name(row)}`
    paths.set(id, path)
    return path
  }
  const name = (row: NodeRow) => nameFromColumns(row.name, row.raw_name)
  const image: TreeImage = new Map()
  for (const row of rows) {
    let path = pathOf(row.node_id)
    if (image.has(path)) path += ` (a second node at the place: ${row.node_id})`
    image.set(path, row.is_directory === 1 ? 'folder' : describeFile(row.size, row.mtime, row.hash))
  }
  return image
}

/** One line for each place where the two differ. */
export function differences(expected: TreeImage, actual: TreeImage, actualIs: string): string[] {
  const lines: string[] = []
  for (const [path, what] of expected) {
    const found = actual.get(path)
    if (found === undefined) lines.push(`${JSON.stringify(path)}: not in ${actualIs}`)
    else if (found !== what) lines.push(`${JSON.stringify(path)}: is ${what}; ${actualIs}: ${found}`)
  }
  for (const path of actual.keys()) {
    if (!expected.has(path)) lines.push(`${JSON.stringify(path)}: not on the disk; in ${actualIs}`)
  }
  return lines
}
