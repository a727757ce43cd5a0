/**
 * Every SELECT of the api. Each is one prepared statement that is read to its end at once, so each is its own short read
 * transaction and none is open between two of them: an open one would keep the writer from emptying the WAL (I10).
 */

import { and, asc, eq, gt, lte, sql } from '@drive-feed/shared/drizzle.ts'
import { changes, nodes, SUPER_ROOT_ID, watchRoots } from '@drive-feed/shared/schema.ts'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import type { WireRow } from './node-json.ts'

/** A part of the log: the rows after `after` up to and including `upTo`, seen by a client that is at `cursor`. */
export type Stretch = {
  readonly after: number
  readonly upTo: number
  readonly cursor: number
  /** Rows wanted at most. */
  readonly limit: number
}

export type ChangeRow = {
  readonly changeId: number
  readonly nodeId: string
  readonly isRemoved: boolean
  /** Null for a removed node. */
  readonly node: WireRow | null
}

/** A node on the way up from the one asked for; `rootPath` is set on the watched folder, where the way ends. */
export type Ancestor = { readonly name: string; readonly rootPath: string | null }

export type Queries = ReturnType<typeof createQueries>

/** Rows that one read looks at, at most: a long run of tombstones to skip must not make it a long read. */
const SCAN_ROWS = 4_000

// Deeper than any path the kernel takes (PATH_MAX is 4,096 bytes). Only a damaged file has a cycle, but then the climb
// must end too.
const CLIMB_MAX = 4_096

const wireColumns = {
  nodeId: nodes.nodeId,
  parentId: nodes.parentId,
  name: nodes.name,
  isDirectory: nodes.isDirectory,
  ctime: nodes.ctime,
  mtime: nodes.mtime,
  mimeType: nodes.mimeType,
  hash: nodes.hash,
  size: nodes.size,
  isImage: nodes.isImage,
  isVideo: nodes.isVideo,
  width: nodes.width,
  height: nodes.height,
  msDuration: nodes.msDuration,
}

/** Prepares all statements. Throws better-sqlite3's `SqliteError` when the tables are not those of the schema. */
export function createQueries(orm: BetterSQLite3Database) {
  const head = prepareHead(orm)
  const scanEnd = prepareScanEnd(orm)
  const ids = prepareIds(orm)
  const rows = prepareRows(orm)
  const superRoot = orm.select(wireColumns).from(nodes).where(eq(nodes.nodeId, SUPER_ROOT_ID)).prepare()
  const climb = prepareClimb(orm)

  /** Where to stop looking: rows that go away before the next statement only make the stretch shorter. */
  const endOf = (stretch: Stretch) => scanEnd.get(stretch)?.changeId ?? stretch.upTo

  return {
    /** The largest change number ever given out, 0 on a new database. */
    head: (): number => head.get()?.head ?? 0,

    /** Numbers of the changes that the client should see, and how far was looked (`upTo` when that is all). */
    visibleIds(stretch: Stretch): { ids: number[]; reached: number } {
      const reached = endOf(stretch)
      const found = ids.all({ ...stretch, upTo: reached }).map((row) => row.changeId)
      return { ids: found, reached: found.length < stretch.limit ? reached : (found.at(-1) ?? reached) }
    },

    /** The changes that the client should see, and how far was looked (`upTo` when that is all). */
    visibleChanges(stretch: Stretch): { rows: ChangeRow[]; reached: number } {
      const reached = endOf(stretch)
      const found = rows.all({ ...stretch, upTo: reached })
      return { rows: found, reached: found.length < stretch.limit ? reached : (found.at(-1)?.changeId ?? reached) }
    },

    superRoot: (): WireRow | undefined => superRoot.get(),

    /** The node and those above it, up to its watched folder; empty when there is no such node. */
    ancestors: (nodeId: string): Ancestor[] => climb.all({ nodeId }),
  }
}

/**
 * SQLite keeps the largest number of an AUTOINCREMENT table here. Unlike max(change_id) it never goes back, and neither
 * may a cursor (I5).
 */
function prepareHead(orm: BetterSQLite3Database) {
  return orm.select({ head: sql<number>`seq` }).from(sql`sqlite_sequence`).where(sql`name = 'changes'`).prepare()
}

const inStretch = and(gt(changes.changeId, sql.placeholder('after')), lte(changes.changeId, sql.placeholder('upTo')))

// A tombstone of a node that was first seen after the client's cursor: it never heard of the node.
const isVisible = sql`not (${changes.isRemoved} and ${changes.firstChangeId} > ${sql.placeholder('cursor')})`

function prepareScanEnd(orm: BetterSQLite3Database) {
  return orm
    .select({ changeId: changes.changeId })
    .from(changes)
    .where(inStretch)
    .orderBy(asc(changes.changeId))
    .limit(1)
    .offset(SCAN_ROWS - 1)
    .prepare()
}

function prepareIds(orm: BetterSQLite3Database) {
  return orm
    .select({ changeId: changes.changeId })
    .from(changes)
    .where(and(inStretch, isVisible))
    .orderBy(asc(changes.changeId))
    .limit(sql.placeholder('limit'))
    .prepare()
}

function prepareRows(orm: BetterSQLite3Database) {
  return orm
    .select({
      changeId: changes.changeId,
      nodeId: changes.nodeId,
      isRemoved: changes.isRemoved,
      node: wireColumns,
    })
    .from(changes)
    .leftJoin(nodes, and(eq(nodes.nodeId, changes.nodeId), eq(nodes.changeId, changes.changeId)))
    .where(and(inStretch, isVisible))
    .orderBy(asc(changes.changeId))
    .limit(sql.placeholder('limit'))
    .prepare()
}

function prepareClimb(orm: BetterSQLite3Database) {
  const climb = sql`(
    WITH RECURSIVE climb (node_id, parent_id, name, depth) AS (
      SELECT node_id, parent_id, name, 0 FROM nodes WHERE node_id = ${sql.placeholder('nodeId')}
      UNION ALL
      SELECT nodes.node_id, nodes.parent_id, nodes.name, climb.depth + 1
      FROM climb JOIN nodes ON nodes.node_id = climb.parent_id
      WHERE climb.depth < ${sql.raw(String(CLIMB_MAX))}
        AND NOT EXISTS (SELECT 1 FROM ${watchRoots} WHERE watch_roots.node_id = climb.node_id)
    )
    SELECT name, depth, (SELECT path FROM ${watchRoots} WHERE watch_roots.node_id = climb.node_id) AS path FROM climb
  )`
  return orm
    .select({ name: sql<string>`name`, rootPath: sql<string | null>`path` })
    .from(climb)
    .orderBy(sql`depth`)
    .prepare()
}
