/**
 * Every SELECT of the api, with `feed-state.ts` and `log-queries.ts`. Each is one prepared statement that is read to its
 * end in one call, and looks at a bounded number of rows: an open read transaction would keep the writer from resetting the WAL (I10), and a long one would block all
 * other requests.
 */
import { and, asc, eq, sql } from '@drive-feed/shared/drizzle.ts'
import {
  nodes,
  type ProblemRow,
  problems,
  type RootTotalsRow,
  removals,
  rootTotals,
  type StatusRow,
  status,
  type WatchRootRow,
  watchRoots,
} from '@drive-feed/shared/schema.ts'
import { createStateQueries } from './feed-state.ts'
import { createLogQueries } from './log-queries.ts'
import { type FeedOrm, prepare } from './prepare.ts'
import type { WireRow } from './wire-row.ts'

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

// Decimal text if a double would round it: before the year 1684 and after 2255.
const exactMtime = sql<
  number | string
>`CASE WHEN ${nodes.mtime} BETWEEN -9007199254740991 AND 9007199254740991 THEN ${nodes.mtime}
    ELSE CAST(${nodes.mtime} AS TEXT) END`

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
export function createQueries(orm: FeedOrm) {
  const ofNodes = createNodeQueries(orm)
  return {
    ...createStateQueries(orm),
    ...createLogQueries(orm, ofNodes.node),
    ...ofNodes,
    ...createStatusQueries(orm),
  }
}

type ById = { readonly nodeId: string }

function createNodeQueries(orm: FeedOrm) {
  const param = sql.placeholder
  const node = orm
    .select(wireColumns)
    .from(nodes)
    .where(eq(nodes.nodeId, param('nodeId')))
    .prepare()
  const place = prepare<ById, [parentId: string | null, name: string]>(
    orm,
    orm
      .select({ parentId: nodes.parentId, name: nodes.name })
      .from(nodes)
      .where(eq(nodes.nodeId, param('nodeId'))),
  )
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
    place: (nodeId: string): Place | undefined => {
      const [parentId, name] = place.get({ nodeId }) ?? []
      return parentId === undefined || name === undefined ? undefined : { parentId, name }
    },
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

function createStatusQueries(orm: FeedOrm) {
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

/** UNION ALL takes half the time of UNION. In a damaged file with a cycle the limit ends the recursion. */
function prepareAncestors(orm: FeedOrm) {
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

// Index entries with equal keys are sorted by row number, so both listings follow their index from where the previous page
// ended. Row numbers never change, unless someone rewrites the file with VACUUM.
const rowNumber = sql<number>`nodes.rowid`

function prepareChildren(orm: FeedOrm) {
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

function prepareWithHash(orm: FeedOrm) {
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
