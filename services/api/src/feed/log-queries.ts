/**
 * The SELECTs of the log. The rows of an answer are found in two steps: first their numbers, which costs little, and then
 * the rows themselves, by whichever way is the shorter one; see `createRows`.
 */
import { and, asc, count, eq, gt, lte, sql } from '@drive-feed/shared/drizzle.ts'
import { changes, feed, nodes } from '@drive-feed/shared/schema.ts'
import type { SQLWrapper } from 'drizzle-orm'
import { type ChangeColumns, type ChangeRow, type ChangeRun, changeRowOf, type PlainChange } from './change-row.ts'
import { latestRun } from './feed-state.ts'
import { liveText } from './live-text.ts'
import { type FeedOrm, type NoValues, type Prepared, prepare } from './prepare.ts'
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

/** `reached` is the last row looked at, `upTo` if these are all. */
type Found<Row> = { readonly rows: readonly Row[]; readonly reached: number }

/** Rows that one read looks at, at most: many tombstones to skip in a row must not make it a long read. */
const SCAN_ROWS = 4_000

/** @param wireRow reads a node whose JSON SQLite can't write */
export function createLogQueries(orm: FeedOrm, wireRow: (nodeId: string) => WireRow | undefined) {
  const scanEnd = prepareScanEnd(orm)
  const ids = prepareIds(orm)
  const stateOfRows = prepareStateOfRows(orm)
  const rows = createRows(orm, wireRow)
  const recent = createRecentRows()

  /** Numbers of the changes that the client sees. */
  function visibleIds(stretch: Stretch): { ids: number[]; reached: number } {
    const found = ids.all(stretch).map(([changeId]) => changeId)
    // Rows that disappear before the next statement only make the stretch shorter.
    const reached = found.length < stretch.limit ? (scanEnd.get(stretch)?.[0] ?? stretch.upTo) : found.at(-1)
    return { ids: found, reached: reached ?? stretch.upTo }
  }

  function keptRows(changeIds: readonly number[], cursor: number): ChangeRow[] {
    recent.begin(stateOfRows.get({})?.[0] ?? '')
    const known = recent.find(changeIds)
    if (known.length === changeIds.length) return known
    const others = rows.whole(changeIds.slice(known.length), cursor, true)
    recent.keep(others)
    return [...known, ...others]
  }

  return {
    visibleIds,

    /**
     * The changes that the client sees, with what a filter asks for.
     *
     * @param mayBeKept whether rows of an earlier read will do, whose `isPending` may be that of then
     * @param isShown false if nobody asks for what the changes show
     */
    visibleChanges(stretch: Stretch, mayBeKept = true, isShown = true): Found<ChangeRow> {
      const found = visibleIds(stretch)
      const isRecent = mayBeKept && recent.mayHave(stretch.after, stretch.upTo)
      const { cursor } = stretch
      const read = isRecent ? keptRows(found.ids, cursor) : rows.whole(found.ids, cursor, isShown)
      return { rows: read, reached: found.reached }
    },

    /** The changes with these numbers, which were found in this stretch, for a client without a filter. */
    plainChanges(ids: readonly number[], { after, upTo, cursor }: Stretch): readonly (PlainChange | ChangeRun)[] {
      return recent.mayHave(after, upTo) ? keptRows(ids, cursor) : rows.plain(ids, cursor)
    },
  }
}

/** Rows of which the ends are looked up, so that those between them can be read in one go. */
const GROUP_ROWS = 256
/** How many rows of `nodes` may be passed for each one that is read so. To look a node up takes about ten times as long. */
const PASSED_MAX = 4
/** Workers finish files in about the order of their rows: the first and last ones of a group may be this far away. */
const SLACK_ROWS = 32

type Numbers = readonly number[]
type Range = { readonly from: number; readonly to: number; readonly after: number; readonly upTo: number }

/**
 * Reads rows of the log by their numbers. `nodes` is found by id, and ids are random: each look-up reads two other pages of
 * a file that is larger than any cache. But nodes are written in the order of the log when they are listed, and nearly in
 * that order when they are read. So the rows of `nodes` between the first and the last one of a group are read as they stand
 * in the file, and only what is not among them is looked up by id: tombstones, and what changed since.
 */
function createRows(orm: FeedOrm, wireRow: (nodeId: string) => WireRow | undefined) {
  const rowNumber = prepareRowNumber(orm)
  const run = prepareRun(orm)
  const wholeRange = prepareWholeRange(orm)
  const lookedUp = prepareLookedUp(orm)

  function rangeOf(ids: Numbers): Range | null {
    const [first = 0, last = 0] = [ids[0], ids.at(-1)]
    const [from] = rowNumber.get({ changeId: first }) ?? []
    const [to] = rowNumber.get({ changeId: last }) ?? []
    if (from === undefined || to === undefined) return null
    const isNear = to >= from && to - from <= PASSED_MAX * ids.length
    return isNear ? { from: from - SLACK_ROWS, to: to + SLACK_ROWS, after: first - 1, upTo: last } : null
  }

  const shownOf = (nodeId: string, text: string | null) => text ?? wireRow(nodeId) ?? null

  const shownRow = (row: ChangeRow): ChangeRow =>
    row.node === null || row.shown !== null ? row : { ...row, shown: shownOf(row.nodeId, null) }

  function whole(ids: Numbers, cursor: number, isShown: boolean): ChangeRow[] {
    const asked = { cursor, isShown: isShown ? 1 : 0 }
    const toRow = (columns: ChangeColumns) => (isShown ? shownRow(changeRowOf(columns)) : changeRowOf(columns))
    return groupsOf(ids).flatMap((group) => {
      const range = rangeOf(group)
      const near = range === null ? [] : wholeRange.all({ ...range, ...asked }).map(toRow)
      return completed(group, near, (run) => lookedUp.all({ ...run, ...asked }).map(toRow))
    })
  }

  function plain(ids: Numbers, cursor: number): (PlainChange | ChangeRun)[] {
    return groupsOf(ids).flatMap((group): readonly (PlainChange | ChangeRun)[] => {
      const range = rangeOf(group)
      const [count = 0, json = null] = range === null ? [] : (run.get(range) ?? [])
      return json !== null && count === group.length ? [{ json, count }] : whole(group, cursor, true)
    })
  }

  return { whole, plain }
}

function groupsOf(ids: Numbers): Numbers[] {
  const groups: Numbers[] = []
  for (let at = 0; at < ids.length; at += GROUP_ROWS) groups.push(ids.slice(at, at + GROUP_ROWS))
  return groups
}

/** The rows with these numbers. @param near some of them, in any order @param lookUp reads a run of the others */
function completed<Row extends PlainChange>(
  ids: Numbers,
  near: Row[],
  lookUp: (run: { readonly after: number; readonly upTo: number }) => readonly Row[],
): readonly Row[] {
  near.sort((one, other) => one.changeId - other.changeId)
  if (near.length === ids.length) return near
  const rows: Row[] = []
  let begin = 0
  const lookUpTo = (end: number) => {
    const [first, last] = [ids[begin], ids[end - 1]]
    if (end > begin && first !== undefined && last !== undefined) rows.push(...lookUp({ after: first - 1, upTo: last }))
  }
  let next = 0
  for (const [at, id] of ids.entries()) {
    const row = near[next]
    if (row?.changeId !== id) continue
    lookUpTo(at)
    rows.push(row)
    begin = at + 1
    next += 1
  }
  lookUpTo(ids.length)
  return rows
}

/** While this stays, so does what is shown of each row of the log. */
function prepareStateOfRows(orm: FeedOrm): Prepared<NoValues, [state: string]> {
  return prepare(
    orm,
    orm
      .select({ state: sql`${feed.epoch} || ' ' || coalesce(${latestRun}, '') || ' ' || ${feed.silentWrites}` })
      .from(feed),
  )
}

const param = sql.placeholder

const inStretch = and(gt(changes.changeId, param('after')), lte(changes.changeId, param('upTo')))

/** A tombstone is skipped if the node appeared after the client's cursor: the client never received the node. */
const isVisible = ({ isRemoved, firstChangeId }: Record<'isRemoved' | 'firstChangeId', SQLWrapper>) =>
  sql`not (${isRemoved} and ${firstChangeId} > ${param('cursor')})`

const isLatest = and(eq(nodes.nodeId, changes.nodeId), eq(nodes.changeId, changes.changeId))

function prepareScanEnd(orm: FeedOrm): Prepared<Stretch, [changeId: number]> {
  const all = orm.select({ changeId: changes.changeId }).from(changes).where(inStretch)
  return prepare(
    orm,
    all
      .orderBy(asc(changes.changeId))
      .limit(1)
      .offset(SCAN_ROWS - 1),
  )
}

function prepareIds(orm: FeedOrm): Prepared<Stretch, [changeId: number]> {
  const { changeId, isRemoved, firstChangeId } = changes
  const looked = orm.select({ changeId, isRemoved, firstChangeId }).from(changes).where(inStretch)
  const first = looked.orderBy(asc(changeId)).limit(SCAN_ROWS).as('looked')
  return prepare(
    orm,
    orm.select({ changeId: first.changeId }).from(first).where(isVisible(first)).limit(param('limit')),
  )
}

/** The place of a row's node in the file. */
function prepareRowNumber(orm: FeedOrm): Prepared<{ readonly changeId: number }, [row: number]> {
  return prepare(
    orm,
    orm
      .select({ row: sql`nodes.rowid` })
      .from(changes)
      .innerJoin(nodes, eq(nodes.nodeId, changes.nodeId))
      .where(eq(changes.changeId, param('changeId'))),
  )
}

const text = sql`iif(${param('isShown')}, ${liveText}, NULL)`

const wholeColumns = {
  changeId: changes.changeId,
  nodeId: changes.nodeId,
  text,
  isRemoved: changes.isRemoved,
  firstChangeId: changes.firstChangeId,
  parentId: nodes.parentId,
  name: nodes.name,
  isDirectory: nodes.isDirectory,
  movedChangeId: nodes.movedChangeId,
  formerKinds: nodes.formerKinds,
  isPending: sql`${nodes.metadataState} IN ('fresh', 'backlog') AND ${nodes.hash} = '' AND ${nodes.metadataError} IS NULL`,
}
const inRange = sql`nodes.rowid BETWEEN ${param('from')} AND ${param('to')}
  AND ${nodes.changeId} > ${param('after')} AND ${nodes.changeId} <= ${param('upTo')}
  AND ${isLatest} AND NOT ${changes.isRemoved}`

type Shown = { readonly isShown: number }

function prepareWholeRange(orm: FeedOrm): Prepared<Range & Shown, ChangeColumns> {
  return prepare(orm, orm.select(wholeColumns).from(nodes).crossJoin(changes).where(inRange))
}

/** All rows of a range as one text, and how many have one: nothing of them becomes an object of JavaScript. */
function prepareRun(orm: FeedOrm): Prepared<Range, [count: number, json: Buffer | null]> {
  const rows = orm
    .select({ json: liveText.as('json') })
    .from(nodes)
    .crossJoin(changes)
    .where(inRange)
    .orderBy(asc(nodes.changeId))
    .as('rows')
  return prepare(
    orm,
    orm.select({ count: count(rows.json), json: sql`CAST(group_concat(${rows.json}) AS BLOB)` }).from(rows),
  )
}

/** The columns are those of `ChangeColumns`, in their order. */
function prepareLookedUp(orm: FeedOrm): Prepared<Pick<Stretch, 'after' | 'upTo' | 'cursor'> & Shown, ChangeColumns> {
  return prepare(
    orm,
    orm
      .select(wholeColumns)
      .from(changes)
      .leftJoin(nodes, isLatest)
      .where(and(inStretch, isVisible(changes)))
      .orderBy(asc(changes.changeId)),
  )
}
