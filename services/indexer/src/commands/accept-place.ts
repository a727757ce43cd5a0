/** What a path given to `accept-empty` means: a watched folder, or a place inside one where a disk is away. */
import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { displayName, nameFromColumns } from '@drive-feed/shared/entry-name.ts'
import { type FileStats, statsAt } from '@drive-feed/shared/file-stats.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { type WatchRootRow, watchRoots } from '@drive-feed/shared/schema.ts'
import { shellWord } from '@drive-feed/shared/shell-word.ts'
import { type FolderSight, sightOf } from '../model/sight.ts'

/** `folder`: the folder that is there now. */
export type AcceptPlace =
  | { readonly kind: 'root'; readonly name: string }
  | { readonly kind: 'disk'; readonly nodeId: string; readonly path: string; readonly folder: FolderSight }
  | { readonly kind: 'none'; readonly problem: string }

type Row = { nodeId: string; name: string; rawName: Buffer | null; isDirectory: 0 | 1; device: string }
/** The names and rows from the top of a root down to the place. The rows may end above it. */
type Way = { readonly root: WatchRootRow; readonly names: readonly string[]; readonly rows: readonly Row[] }

const COLUMNS = 'node_id AS nodeId, name, raw_name AS rawName, is_directory AS isDirectory, device'

/** @param operand an absolute path as it was typed */
export function findAcceptPlace(db: FeedDatabase, operand: string): AcceptPlace {
  const path = resolve(operand)
  const ways = [...new Set([path, realPath(path)])].flatMap((one) => wayTo(db, one) ?? [])
  const way = ways.find(isWhole) ?? ways[0]
  if (way === undefined) {
    const roots = db.orm.select().from(watchRoots).all()
    const lines = roots.map((root) => `\n  ${root.name}: ${shellWord(root.path)}`)
    return none(`${shellWord(path)} is in no watched folder; there are:${lines.join('')}`)
  }
  if (way.names.length === 0) return { kind: 'root', name: way.root.name }
  if (way.root.state === 'offline') {
    return none(`${way.root.name}, in which that is, is offline itself: ${way.root.message ?? way.root.path}`)
  }
  return diskAt(way)
}

function diskAt(way: Way): AcceptPlace {
  const { names, rows } = way
  const path = pathOf(way, names.length)
  const outer = names.findIndex((_, at) => at < names.length - 1 && isUnmounted(way, at + 1))
  if (outer >= 0) {
    const place = shellWord(pathOf(way, outer + 1))
    return none(`${shellWord(path)} is in ${place}, whose filesystem is away: that is the path to give`)
  }
  const [row, above] = [rows[names.length], rows[names.length - 1]]
  if (row === undefined || above === undefined) return none(`nothing is known at ${shellWord(path)}`)
  if (row.isDirectory === 0 || row.device === above.device) {
    return none(`no other filesystem was mounted at ${shellWord(path)} as far as is known: nothing is away there`)
  }
  const stats = look(path)
  if (typeof stats === 'string') return none(stats)
  const folder = stats === null ? null : sightOf(stats)
  if (folder?.kind !== 'folder') {
    return none(`${shellWord(path)} is not there as a folder, so nothing is kept of what was mounted there`)
  }
  if (!isUnmounted(way, names.length))
    return none(`a filesystem is mounted at ${shellWord(path)}: nothing is away there`)
  return { kind: 'disk', nodeId: row.nodeId, path, folder }
}

/** Whether the row at this depth is of another filesystem than the row above it, and the folder there now is not. */
function isUnmounted(way: Way, depth: number): boolean {
  const [row, above] = [way.rows[depth], way.rows[depth - 1]]
  if (row === undefined || above === undefined || row.isDirectory === 0 || row.device === above.device) return false
  const [here, there] = [look(pathOf(way, depth)), look(pathOf(way, depth - 1))]
  if (here === null || there === null || typeof here === 'string' || typeof there === 'string') return false
  return here.kind === 'folder' && here.device === there.device
}

/** Null if the path is in no root. */
function wayTo({ orm, sqlite }: FeedDatabase, path: string): Way | null {
  const bases = orm
    .select()
    .from(watchRoots)
    .all()
    .flatMap((root) => [root.path, root.configuredPath].map((base) => ({ root, base })))
    .filter(({ base }) => base !== '' && `${path}/`.startsWith(base === '/' ? base : `${base}/`))
    .toSorted((one, other) => other.base.length - one.base.length)
  const [best] = bases
  if (best === undefined) return null
  const byId = sqlite.prepare<[string], Row>(`SELECT ${COLUMNS} FROM nodes WHERE node_id = ?`)
  const below = sqlite.prepare<[string], Row>(`SELECT ${COLUMNS} FROM nodes WHERE parent_id = ?`)
  const typed = path.slice(best.base.length).split('/').filter(Boolean)
  const rows = byId.all(best.root.nodeId)
  const names: string[] = []
  for (const name of typed) {
    const row = rows.length === names.length + 1 ? childCalled(below.all(rows.at(-1)?.nodeId ?? ''), name) : undefined
    if (row !== undefined) rows.push(row)
    names.push(row === undefined ? name : nameOf(row))
  }
  return { root: best.root, names, rows }
}

/**
 * The row of a typed name. Bytes that are no UTF-8 don't come through a command line, so a name may be typed as it is
 * shown.
 */
function childCalled(rows: readonly Row[], typed: string): Row | undefined {
  const forms = [nameOf, (row: Row) => displayName(nameOf(row)), (row: Row) => nameOf(row).toWellFormed()]
  for (const form of forms) {
    const named = rows.filter((row) => form(row) === typed)
    if (named.length === 1) return named[0]
  }
  return undefined
}

function nameOf({ name, rawName }: Row): string {
  return nameFromColumns(name, rawName)
}

function isWhole({ names, rows }: Way): boolean {
  return rows.length === names.length + 1
}

function pathOf({ root, names }: Way, depth: number): string {
  return [root.path === '/' ? '' : root.path, ...names.slice(0, depth)].join('/') || '/'
}

/** What is there; null for nothing; text if it can't be looked at. */
function look(path: string): FileStats | null | string {
  try {
    return statsAt(path)
  } catch (error) {
    return `${shellWord(path)} can't be looked at: ${(error as Error).message}`
  }
}

/** The path with its symbolic links resolved, as far as it exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path === '/' ? path : join(realPath(dirname(path)), basename(path))
  }
}

function none(problem: string): AcceptPlace {
  return { kind: 'none', problem }
}
