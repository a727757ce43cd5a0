/**
 * Every SELECT of the api. Each is one prepared statement that is read to its end in one call, and looks at a bounded number
 * of rows: an open read transaction would keep the writer from resetting the WAL (I10), and a long one would block all
 * other requests.
 */
import { and, asc, eq, gt, lte, sql } from '@drive-feed/shared/drizzle.ts'
import { type FeedEpoch, formatFeedEpoch } from '@drive-feed/shared/feed-epoch.ts'
import {
  changes,
  feed,
  nodes,
  type ProblemRow,
  problems,
  type RootTotalsRow,
  removals,
  rootTotals,
  runs,
  type StatusRow,
  status,
  type WatchRootRow,
  watchRoots,
} from '@drive-feed/shared/schema.ts'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { type ChangeColumns, type ChangeRow, changeRowOf } from './change-row.ts'
import { createRecentRows } from './recent-rows.ts'
import type { WireRow } from './wire-row.ts'

/** A part of the log: the rows after `after` up to and including `upTo`, as seen by a client at `cursor`. */
export type Stretch = {
  readonly after: number
  readonly upTo: number
  readonly cursor: number
  /** Rows at most. */
  readonly limit: number
}

/** The state of the feed: two equal states give equal answers. */
export type FeedState = {
  /** The database and its latest run, see `feed-epoch.ts`; empty in a damaged file. */
  readonly epoch: string
  /** The largest change number ever given out, 0 in a new database. */
  readonly head: number
  /** The watched folders and their paths, as one text for comparison. */
  readonly roots: string
}

/** The place of a node when it was removed. `path` is null if it was below no watched folder. */
export type Removal = { readonly path: string | null; readonly name: string }

/** The place of a node: its name in its folder. */
export type Place = { readonly parentId: string | null; readonly name: string }

/** Where a page of a listing ended. The next page begins after this name, or after this row among equal names. */
export type ListingPosition = { readonly name: string; readonly row: number }
export type ListedRow = WireRow & { readonly row: number }

export type Queries = ReturnType<typeof createQueries>

/** Ancestors that one query reads. */
const ANCESTORS_MAX = 500

/** Rows that one read looks at, at most: many tombstones to skip in a row must not make it a long read. */
const SCAN_ROWS = 4_000

// Decimal text if a double would round it: before the year 1684 and after 2255.
const exactMtime = sql<
  number | string
>`CASE WHEN ${nodes.mtime} BETWEEN -9007199254740991 AND 9007199254740991 THEN ${nodes.mtime}
    ELSE CAST(${nodes.mtime} AS TEXT) END`

const isPending = sql<0 | 1 | null>`${nodes.metadataState} IN ('fresh', 'backlog') AND ${nodes.hash} = ''
    AND ${nodes.metadataError} IS NULL`

const wireColumns = {
  nodeId: nodes.nodeId,
  parentId: nodes.parentId,
  name: nodes.name,
  isDirectory: nodes.isDirectory,
  ctime: nodes.ctime,
  mtime: exactMtime.as('mtime'),
  mimeType: nodes.mimeType,
  hash: nodes.hash,
  size: nodes.size,
  isImage: nodes.isImage,
  isVideo: nodes.isVideo,
  width: nodes.width,
  height: nodes.height,
  msDuration: nodes.msDuration,
}

/** Prepares all statements. @throws {SqliteError} if the tables are not those of the schema */
export function createQueries(orm: BetterSQLite3Database) {
  return { ...createLogQueries(orm), ...createNodeQueries(orm), ...createStatusQueries(orm) }
}

function createLogQueries(orm: BetterSQLite3Database) {
  const head = prepareHead(orm)
  const epoch = prepareEpoch(orm)
  const runEnd = prepareRunEnd(orm)
  const roots = orm.select({ nodeId: watchRoots.nodeId, path: watchRoots.path }).from(watchRoots).prepare()
  const scanEnd = prepareScanEnd(orm)
  const ids = prepareIds(orm)
  const rows = prepareRows(orm)
  const stateOfRows = prepareStateOfRows(orm)
  const recent = createRecentRows()

  const headNow = (): number => head.get()?.head ?? 0
  /** The last row to look at. Rows that disappear before the next statement only make the stretch shorter. */
  const endOf = (stretch: Stretch) => scanEnd.get(stretch)?.changeId ?? stretch.upTo

  return {
    head: headNow,

    feed: (): FeedState => ({
      epoch: epochOf(epoch.get()),
      head: headNow(),
      roots: JSON.stringify(roots.values()),
    }),

    /** The last change before the next run began; null for the latest run, undefined for an unknown one. */
    runEnd: (runId: string): number | null | undefined => runEnd.get({ runId })?.end,

    /** Paths of the watched folders by node id. */
    rootPaths: (): Map<string, string> => new Map(roots.all().map(({ nodeId, path }) => [nodeId, path])),

    /** Numbers of the changes that the client sees. `reached` is the last row looked at, `upTo` if these are all. */
    visibleIds(stretch: Stretch): { ids: number[]; reached: number } {
      const reached = endOf(stretch)
      const found = ids.all({ ...stretch, upTo: reached }).map((row) => row.changeId)
      return { ids: found, reached: found.length < stretch.limit ? reached : (found.at(-1) ?? reached) }
    },

    /**
     * The changes that the client sees. `reached` is the last row looked at, `upTo` if these are all.
     *
     * @param mayBeKept whether rows of an earlier read will do, whose `isPending` may be that of then
     */
    visibleChanges(stretch: Stretch, mayBeKept = true): { rows: ChangeRow[]; reached: number } {
      const reached = endOf(stretch)
      const asked = { ...stretch, upTo: reached }
      const read = (part: Stretch) => (rows.values(part) as unknown as ChangeColumns[]).map(changeRowOf)
      const readKept = () => {
        recent.begin(stateOfRows.get()?.state ?? '')
        const changeIds = (ids.values(asked) as [number][]).map(([changeId]) => changeId)
        const known = recent.find(changeIds)
        if (known.length === changeIds.length) return known
        const after = known.at(-1)?.changeId ?? stretch.after
        return [...known, ...recent.keep(read({ ...asked, after, limit: stretch.limit - known.length }))]
      }
      const found = mayBeKept && recent.mayHave(stretch.after, stretch.upTo) ? readKept() : read(asked)
      return { rows: found, reached: found.length < stretch.limit ? reached : (found.at(-1)?.changeId ?? reached) }
    },
  }
}

function createNodeQueries(orm: BetterSQLite3Database) {
  const param = sql.placeholder
  const node = orm
    .select(wireColumns)
    .from(nodes)
    .where(eq(nodes.nodeId, param('nodeId')))
    .prepare()
  const place = orm
    .select({ parentId: nodes.parentId, name: nodes.name })
    .from(nodes)
    .where(eq(nodes.nodeId, param('nodeId')))
    .prepare()
  const named = orm
    .select({ nodeId: nodes.nodeId })
    .from(nodes)
    .where(and(eq(nodes.parentId, param('parentId')), eq(nodes.name, param('name'))))
    .prepare()
  const ancestors = prepareAncestors(orm)
  const removal = orm
    .select({ path: removals.path, name: removals.name })
    .from(removals)
    .where(eq(removals.changeId, param('changeId')))
    .prepare()
  const nameOfRow = orm
    .select({ name: nodes.name })
    .from(nodes)
    .where(sql`nodes.rowid = ${param('row')}`)
    .prepare()
  const children = prepareChildren(orm)
  const withHash = prepareWithHash(orm)

  return {
    node: (nodeId: string): WireRow | undefined => node.get({ nodeId }),
    place: (nodeId: string): Place | undefined => place.get({ nodeId }),
    /** The node and its ancestors from the bottom up, at most `ANCESTORS_MAX`; the last one leads to the rest. */
    ancestors: (nodeId: string): (Place & { readonly id: string })[] =>
      // Arrays take half the time of objects.
      (ancestors.values({ nodeId }) as [string, string | null, string][]).map(([id, parentId, name]) => ({
        id,
        parentId,
        name,
      })),
    /** Undefined for a removal too long ago: its place was forgotten. */
    removal: (changeId: number): Removal | undefined => removal.get({ changeId }),
    /** Id of the node with this name in a folder. */
    childNamed: (parentId: string, name: string): string | undefined => named.get({ parentId, name })?.nodeId,
    nameOfRow: (row: number): string | undefined => nameOfRow.get({ row })?.name,
    /** A folder's children after a position, sorted by the bytes of their names. */
    children: (parentId: string, after: ListingPosition | null, limit: number): ListedRow[] =>
      children.all({ parentId, name: after?.name ?? '', row: after?.row ?? -1, limit }),
    /** Files with this content, after a row. */
    withHash: (hash: string, afterRow: number, limit: number): ListedRow[] =>
      withHash.all({ hash, row: afterRow, limit }),
  }
}

function createStatusQueries(orm: BetterSQLite3Database) {
  const current = orm.select().from(status).prepare()
  const roots = orm.select().from(watchRoots).orderBy(asc(watchRoots.name)).prepare()
  const totals = orm.select().from(rootTotals).prepare()
  const found = orm.select().from(problems).orderBy(asc(problems.id)).prepare()
  return {
    /** Number and size of the files in each root, by the root's node; no row for a root without files. */
    rootTotals: (): RootTotalsRow[] => totals.all(),
    problems: (): ProblemRow[] => found.all(),
    status: (): StatusRow | undefined => current.get(),
    watchRoots: (): WatchRootRow[] => roots.all(),
  }
}

/**
 * SQLite keeps the largest number of an AUTOINCREMENT table here. Unlike max(change_id) it never goes back, and neither
 * may a cursor (I5).
 */
function prepareHead(orm: BetterSQLite3Database) {
  return orm.select({ head: sql<number>`seq` }).from(sql`sqlite_sequence`).where(sql`name = 'changes'`).prepare()
}

const latestRun = sql<string | null>`(SELECT run_id FROM runs ORDER BY first_change_id DESC LIMIT 1)`

function prepareEpoch(orm: BetterSQLite3Database) {
  return orm
    .select({ database: feed.epoch, run: latestRun.as('run') })
    .from(feed)
    .prepare()
}

function epochOf(row: FeedEpoch | undefined): string {
  return row === undefined ? '' : formatFeedEpoch(row)
}

/** While this stays, so does what is shown of each row of the log. */
function prepareStateOfRows(orm: BetterSQLite3Database) {
  return orm
    .select({ state: sql<string>`${feed.epoch} || ' ' || coalesce(${latestRun}, '') || ' ' || ${feed.silentWrites}` })
    .from(feed)
    .prepare()
}

function prepareRunEnd(orm: BetterSQLite3Database) {
  const next = sql`SELECT min(later.first_change_id) FROM runs AS later WHERE later.first_change_id > ${runs.firstChangeId}`
  return orm
    .select({ end: sql<number | null>`(${next}) - 1` })
    .from(runs)
    .where(eq(runs.runId, sql.placeholder('runId')))
    .prepare()
}

/** UNION ALL takes half the time of UNION. In a damaged file with a cycle the limit ends the recursion. */
function prepareAncestors(orm: BetterSQLite3Database) {
  const above = sql`(WITH RECURSIVE above (id, parent_id, name) AS (
      SELECT node_id, parent_id, name FROM nodes WHERE node_id = ${sql.placeholder('nodeId')}
      UNION ALL SELECT nodes.node_id, nodes.parent_id, nodes.name FROM above JOIN nodes ON nodes.node_id = above.parent_id
      LIMIT ${ANCESTORS_MAX}
    ) SELECT * FROM above)`
  return orm
    .select({ id: sql<string>`id`, parentId: sql<string | null>`parent_id`, name: sql<string>`name` })
    .from(above)
    .prepare()
}

const inStretch = and(gt(changes.changeId, sql.placeholder('after')), lte(changes.changeId, sql.placeholder('upTo')))

// A tombstone is skipped if the node appeared after the client's cursor: the client never received the node.
const isVisible = sql`not (${changes.isRemoved} and ${changes.firstChangeId} > ${sql.placeholder('cursor')})`

const isLatest = and(eq(nodes.nodeId, changes.nodeId), eq(nodes.changeId, changes.changeId))

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

/** The columns are those of `ChangeColumns`, in their order. */
function prepareRows(orm: BetterSQLite3Database) {
  return orm
    .select({
      changeId: changes.changeId,
      nodeId: changes.nodeId,
      isRemoved: changes.isRemoved,
      firstChangeId: changes.firstChangeId,
      node: wireColumns,
      movedChangeId: nodes.movedChangeId,
      formerKinds: nodes.formerKinds,
      isPending,
    })
    .from(changes)
    .leftJoin(nodes, isLatest)
    .where(and(inStretch, isVisible))
    .orderBy(asc(changes.changeId))
    .limit(sql.placeholder('limit'))
    .prepare()
}

// Index entries with equal keys are sorted by row number, so both listings follow their index from where the previous page
// ended. Row numbers never change, unless someone rewrites the file with VACUUM.
const rowNumber = sql<number>`nodes.rowid`

function prepareChildren(orm: BetterSQLite3Database) {
  return orm
    .select({ ...wireColumns, row: rowNumber.as('row') })
    .from(nodes)
    .where(
      and(
        eq(nodes.parentId, sql.placeholder('parentId')),
        sql`(${nodes.name}, nodes.rowid) > (${sql.placeholder('name')}, ${sql.placeholder('row')})`,
      ),
    )
    .orderBy(asc(nodes.name), rowNumber)
    .limit(sql.placeholder('limit'))
    .prepare()
}

function prepareWithHash(orm: BetterSQLite3Database) {
  return orm
    .select({ ...wireColumns, row: rowNumber.as('row') })
    .from(nodes)
    .where(
      and(
        eq(nodes.hash, sql.placeholder('hash')),
        // The condition of the partial index: the planner does not know that the parameter is never empty.
        sql`${nodes.hash} <> ''`,
        sql`nodes.rowid > ${sql.placeholder('row')}`,
      ),
    )
    .orderBy(rowNumber)
    .limit(sql.placeholder('limit'))
    .prepare()
}
