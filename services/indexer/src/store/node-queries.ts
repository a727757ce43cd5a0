/** What the database knows of the tree: every SELECT of the indexer. */

import { and, asc, eq, gt, inArray, lte, sql } from '@drive-feed/shared/drizzle.ts'
import { displayName, nameFromColumns } from '@drive-feed/shared/entry-name.ts'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { nodes, SUPER_ROOT_ID, watchRoots } from '@drive-feed/shared/schema.ts'
import type { KnownNode, ListedRow } from '../model/known-node.ts'

/** A file that waits for its metadata. */
export type Waiting = {
  readonly nodeId: string
  readonly parentId: string
  readonly name: string
  readonly device: string
  readonly inode: string
  readonly size: number
  readonly mtime: number
  readonly hash: string
  /** Whether a scan found it, and no event told of it since. */
  readonly isBacklog?: boolean
}

/** A file whose metadata could not be read, or not all of it. `error` is what the worker said. */
export type FailingFile = {
  readonly nodeId: string
  readonly state: 'failed' | 'unreadable'
  readonly error: string | null
}
/** Some of these files, and how many there are. */
export type FailingFiles = {
  readonly files: readonly FailingFile[]
  readonly counts: Readonly<Record<FailingFile['state'], number>>
}

export type NodeQueries = {
  readonly children: (parentId: string) => KnownNode[]
  readonly listedChildren: (parentId: string) => ListedRow[]
  readonly childAt: (parentId: string, name: string) => KnownNode | undefined
  /** All names of an inode, and the original program's row with this id, which has no inode yet. */
  readonly byInode: (device: string, inode: string) => KnownNode[]
  /** Which of these inodes have a name, or may have. One query for a whole batch, of which nearly all are new. */
  readonly inodesWithNames: (inodes: readonly string[]) => ReadonlySet<string>
  readonly byId: (nodeId: string) => KnownNode | undefined
  readonly hasChildren: (nodeId: string) => boolean
  /** The change with which a file that waits for its metadata came to its path; null for any other node. */
  readonly arrivalOf: (nodeId: string) => number | null
  /** Absolute path of a node; null if no root is above. */
  readonly pathOf: (nodeId: string) => string | null
  /** Files below a size (bytes) whose metadata is due, fresh changes before the backlog, oldest first. */
  readonly waiting: (nowMs: number, limit: number, sizeBelow: number) => Waiting[]
  /** Files in state `again` that are due. They are asked for if nothing else waits. */
  readonly toAskAgain: (nowMs: number, limit: number) => Waiting[]
  /** When the next file becomes due, ms since 1970; null if all that wait are due. */
  readonly nextDueMs: (nowMs: number) => number | null
  readonly counts: () => { readonly waiting: number; readonly failed: number }
  /** At most `limit` files of each state. */
  readonly failing: (limit: number) => FailingFiles
}

const COLUMNS = {
  nodeId: nodes.nodeId,
  parentId: sql<string>`coalesce(${nodes.parentId}, '')`,
  name: nodes.name,
  rawName: nodes.rawName,
  isDirectory: nodes.isDirectory,
  device: nodes.device,
  inode: nodes.inode,
  birthTime: nodes.birthTime,
  size: nodes.size,
  mtime: nodes.mtime,
  ctime: nodes.ctime,
  hash: nodes.hash,
  metadataState: nodes.metadataState,
}

type WaitingRow = Waiting & { readonly rawName: Buffer | null }
type Row = Omit<KnownNode, 'name'> & { readonly name: string; readonly rawName: Buffer | null }

/** Prepares the statements once. */
export function createNodeQueries({ orm, sqlite }: FeedDatabase): NodeQueries {
  const param = sql.placeholder
  const select = () => orm.select(COLUMNS).from(nodes)
  const children = select()
    .where(eq(nodes.parentId, param('parentId')))
    .prepare()
  const place = and(eq(nodes.parentId, param('parentId')), eq(nodes.name, param('name')))
  const atPlace = select().where(place).prepare()
  const inode = and(eq(nodes.inode, param('inode')), eq(nodes.device, param('device')))
  const byInode = select().where(inode).prepare()
  // CROSS JOIN keeps this order: one search of the index an inode, whatever the planner thinks of a JSON array.
  const withNames = sqlite
    .prepare<[string], string>(
      `SELECT asked.value FROM json_each(?) AS asked CROSS JOIN nodes ON nodes.inode = asked.value`,
    )
    .pluck()
  const byId = select()
    .where(eq(nodes.nodeId, param('nodeId')))
    .prepare()
  const anyChild = sqlite.prepare('SELECT 1 FROM nodes WHERE parent_id = ? LIMIT 1').pluck()
  const due = (state: 'fresh' | 'backlog') =>
    sqlite.prepare<[number, number, number], WaitingRow>(
      `SELECT node_id AS nodeId, coalesce(parent_id, '') AS parentId, name, raw_name AS rawName, device, inode, size, mtime, hash
       FROM nodes
       WHERE metadata_state IN ('fresh', 'backlog') AND metadata_state = '${state}'
         AND metadata_due_ms <= ? AND size < ? AND device <> ''
       ORDER BY metadata_due_ms LIMIT ?`,
    )
  const fresh = due('fresh')
  const backlog = due('backlog')
  const again = prepareAgain(orm)
  const nextOf = (state: 'fresh' | 'backlog') =>
    orm
      .select({ dueMs: sql<number | null>`min(${nodes.metadataDueMs})` })
      .from(nodes)
      .where(and(waitsAs(state), gt(nodes.metadataDueMs, param('nowMs'))))
      .prepare()
  const next = [nextOf('fresh'), nextOf('backlog'), again.next]
  const pathOf = createPathOf(sqlite)
  const hasOldRows =
    sqlite
      .prepare("SELECT EXISTS (SELECT 1 FROM nodes WHERE inode = '' AND device = '' AND node_id <> ?)")
      .pluck()
      .get(SUPER_ROOT_ID) === 1

  const listed = sqlite
    .prepare<[string], ListedRow>(
      `SELECT name, raw_name, inode, device, size, mtime, birth_time, is_directory, node_id, metadata_state
       FROM nodes WHERE parent_id = ?`,
    )
    .raw()
  return {
    listedChildren: (parentId) => listed.all(parentId),
    children: (parentId) => children.all({ parentId }).map(known),
    childAt: (parentId, name) => atPlace.all({ parentId, name: displayName(name) }).map(known)[0],
    inodesWithNames: (inodes) => (hasOldRows ? new Set(inodes) : new Set(withNames.all(JSON.stringify(inodes)))),
    byInode: (device, inodeNumber) => {
      const rows = byInode.all({ device, inode: inodeNumber }).map(known)
      if (!hasOldRows) return rows
      const old = byId.all({ nodeId: plainNodeId(device, inodeNumber) }).map(known)[0]
      return old?.device === '' ? [...rows, old] : rows
    },
    byId: (nodeId) => byId.all({ nodeId }).map(known)[0],
    hasChildren: (nodeId) => anyChild.get(nodeId) === 1,
    arrivalOf: createArrivalOf(sqlite),
    pathOf,
    waiting: (nowMs, limit, sizeBelow) => {
      const first = fresh.all(nowMs, sizeBelow, limit)
      const later = first.length < limit ? backlog.all(nowMs, sizeBelow, limit - first.length) : []
      const files = (rows: readonly WaitingRow[], isBacklog: boolean) =>
        rows.map(({ rawName, ...file }): Waiting => {
          return { ...file, isBacklog, name: rawName === null ? file.name : nameFromColumns(file.name, rawName) }
        })
      return [...files(first, false), ...files(later, true)]
    },
    toAskAgain: (nowMs, limit) => again.due.all({ nowMs, limit }).map(known),
    nextDueMs: (nowMs) => {
      const dues = next.flatMap((statement) => statement.get({ nowMs })?.dueMs ?? [])
      return dues.length === 0 ? null : Math.min(...dues)
    },
    failing: createFailing(sqlite),
    counts: createCounts(orm),
  }
}

function createArrivalOf(sqlite: FeedDatabase['sqlite']): NodeQueries['arrivalOf'] {
  // The plus keeps the planner off the index of waiting rows.
  const arrival = sqlite
    .prepare<[string], number>(
      "SELECT moved_change_id FROM nodes WHERE node_id = ? AND +metadata_state IN ('fresh', 'backlog')",
    )
    .pluck()
  return (nodeId) => arrival.get(nodeId) ?? null
}

function createCounts(orm: FeedDatabase['orm']): NodeQueries['counts'] {
  const countIn = (states: ReturnType<typeof sql>) =>
    orm.select({ files: sql<number>`count(*)` }).from(nodes).where(inArray(nodes.metadataState, states)).prepare()
  const waiting = countIn(sql`('fresh', 'backlog')`)
  const failed = countIn(sql`('failed', 'unreadable')`)
  return () => ({ waiting: waiting.get()?.files ?? 0, failed: failed.get()?.files ?? 0 })
}

function createFailing(sqlite: FeedDatabase['sqlite']): NodeQueries['failing'] {
  // The index of failed rows is partial: see `waitsAs`.
  const inState = "metadata_state IN ('failed', 'unreadable')"
  const some = sqlite.prepare<[string, number], FailingFile>(
    `SELECT node_id AS nodeId, metadata_state AS state, metadata_error AS error FROM nodes
     WHERE ${inState} AND metadata_state = ? LIMIT ?`,
  )
  const count = sqlite
    .prepare<[string], number>(`SELECT count(*) FROM nodes WHERE ${inState} AND metadata_state = ?`)
    .pluck()
  return (limit) => ({
    files: [...some.all('unreadable', limit), ...some.all('failed', limit)],
    counts: { unreadable: count.get('unreadable') ?? 0, failed: count.get('failed') ?? 0 },
  })
}

/** The files in state `again`. Their index is partial: see `waitsAs`. */
function prepareAgain(orm: FeedDatabase['orm']) {
  const isAgain = sql`${nodes.metadataState} = 'again'`
  const nowMs = sql.placeholder('nowMs')
  const due = orm
    .select(COLUMNS)
    .from(nodes)
    .where(and(isAgain, lte(nodes.metadataDueMs, nowMs), sql`${nodes.device} <> ''`))
    .orderBy(asc(nodes.metadataDueMs))
    .limit(sql.placeholder('limit'))
  const next = orm
    .select({ dueMs: sql<number | null>`min(${nodes.metadataDueMs})` })
    .from(nodes)
    .where(and(isAgain, gt(nodes.metadataDueMs, nowMs)))
  return { due: due.prepare(), next: next.prepare() }
}

/** The index of waiting rows is partial: the planner uses it only if the query repeats the index's condition. */
function waitsAs(state: 'fresh' | 'backlog') {
  const { metadataState } = nodes
  return sql`${metadataState} IN ('fresh', 'backlog') AND ${metadataState} = ${sql.raw(`'${state}'`)}`
}

function known({ rawName, ...row }: Row): KnownNode {
  return rawName === null ? row : { ...row, name: nameFromColumns(row.name, rawName) }
}

function createPathOf(sqlite: FeedDatabase['sqlite']): (nodeId: string) => string | null {
  const climb = sqlite.prepare<[string], { name: string; rawName: Buffer | null; rootPath: string | null }>(
    `WITH RECURSIVE up (node_id, parent_id, depth) AS (
       SELECT node_id, parent_id, 0 FROM nodes WHERE node_id = ?
       UNION ALL
       SELECT nodes.node_id, nodes.parent_id, up.depth + 1 FROM up JOIN nodes ON nodes.node_id = up.parent_id
     )
     SELECT nodes.name, nodes.raw_name AS rawName, ${watchRoots.path.name} AS rootPath
     FROM up JOIN nodes ON nodes.node_id = up.node_id LEFT JOIN watch_roots ON watch_roots.node_id = up.node_id
     WHERE nodes.node_id <> '${SUPER_ROOT_ID}'
     ORDER BY up.depth DESC`,
  )
  return (nodeId) => {
    const [top, ...below] = climb.all(nodeId)
    if (top === undefined || top.rootPath === null) return null
    const names = below.map((row) => nameFromColumns(row.name, row.rawName))
    return [top.rootPath === '/' ? '' : top.rootPath, ...names].join('/')
  }
}
