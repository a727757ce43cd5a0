/** The rows on the way from a watched folder down to a path that somebody typed. */
import { realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { displayName, nameFromColumns } from './entry-name.ts'
import type { FeedDatabase } from './open-database.ts'
import { type WatchRootRow, watchRoots } from './schema.ts'

export type WayRow = {
  readonly nodeId: string
  readonly name: string
  readonly rawName: Buffer | null
  readonly isDirectory: 0 | 1
  readonly device: string
}
/** The names and rows from the top of a root down to the place. The rows may end above it. */
export type Way = { readonly root: WatchRootRow; readonly names: readonly string[]; readonly rows: readonly WayRow[] }

const COLUMNS = 'node_id AS nodeId, name, raw_name AS rawName, is_directory AS isDirectory, device'

/**
 * The path is taken as it is written and with its symbolic links resolved, and the better of both is given. Null if it
 * is in no root.
 *
 * @param path absolute and normalized
 */
export function wayToPath(db: FeedDatabase, path: string): Way | null {
  const ways = [...new Set([path, realPath(path)])].flatMap((one) => wayTo(db, one) ?? [])
  return ways.find(isWhole) ?? ways[0] ?? null
}

/** Whether every name has its row. */
export function isWhole({ names, rows }: Way): boolean {
  return rows.length === names.length + 1
}

/** The path of the first `depth` names, as the indexer sees it. */
export function pathOfWay({ root, names }: Way, depth: number): string {
  return [root.path === '/' ? '' : root.path, ...names.slice(0, depth)].join('/') || '/'
}

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
  const byId = sqlite.prepare<[string], WayRow>(`SELECT ${COLUMNS} FROM nodes WHERE node_id = ?`)
  const below = sqlite.prepare<[string], WayRow>(`SELECT ${COLUMNS} FROM nodes WHERE parent_id = ?`)
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
function childCalled(rows: readonly WayRow[], typed: string): WayRow | undefined {
  const forms = [nameOf, (row: WayRow) => displayName(nameOf(row)), (row: WayRow) => nameOf(row).toWellFormed()]
  for (const form of forms) {
    const named = rows.filter((row) => form(row) === typed)
    if (named.length === 1) return named[0]
  }
  return undefined
}

function nameOf({ name, rawName }: WayRow): string {
  return nameFromColumns(name, rawName)
}

/** The path with its symbolic links resolved, as far as it exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path === '/' ? path : join(realPath(dirname(path)), basename(path))
  }
}
