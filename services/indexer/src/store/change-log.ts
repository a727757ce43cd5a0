/**
 * Appends to `changes`, which has one row a node: its latest. The first change of this process also begins a run in
 * `runs`, and a removal leaves a row in `removals`. Every function here runs inside the caller's transaction.
 *
 * The next `change_id` is counted here and not by SQLite, because a node's first row also has its own number in
 * `first_change_id`. One writer (I8) makes that safe. After a rollback the caller must call `reload`.
 */

import { and, eq, sql } from '@drive-feed/shared/drizzle.ts'
import { newRunId } from '@drive-feed/shared/feed-epoch.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { changes, type Kinds } from '@drive-feed/shared/schema.ts'

export type ChangeLog = {
  /** The newest `change_id` handed out. */
  readonly head: () => number
  /** Reads the head from the file again. */
  readonly reload: () => void
  /**
   * Appends a new node's row. If the id lived before, the row replaces its tombstone and `formerKinds` says what it
   * was.
   */
  readonly appendNew: (nodeId: string) => { readonly changeId: number; readonly formerKinds: Kinds }
  /**
   * Appends the rows of all nodes that `insert` inserts, none of which is there yet; `next` gives the number of each. Rows
   * of ids that lived before replace their tombstones.
   */
  readonly appendRows: (insert: (next: () => number) => void) => void
  /** Replaces a live node's row by a newer one. */
  readonly appendAgain: (nodeId: string, oldChangeId: number) => number
  /** Replaces the rows of all children of a folder by newer ones, keeping their order. */
  readonly reissueChildren: (parentId: string) => void
  /** Replaces the rows of all files of a folder by tombstones and deletes their nodes. @param path the folder's path */
  readonly removeFiles: (parentId: string, path: string | null) => void
  /** Replaces one live node's row by a tombstone and deletes the node. @param path where it was */
  readonly remove: (nodeId: string, path: string | null) => void
  /** To be called before a transaction ends. */
  readonly finish: () => void
  /** Deletes the oldest rows of `removals` that need not be kept, a slice a call. False when none is left to delete. */
  readonly forgetOldRemovals: () => boolean
}

/** What a node's id has been, this life included. */
const KINDS_SO_FAR = 'nodes.former_kinds | iif(nodes.is_directory, 2, 1)'
/** How long a row of `removals` is kept, and how many are kept in any case. */
const REMOVALS_KEPT_MS = 30 * 24 * 3_600_000
const REMOVALS_KEPT = 100_000
/** Rows of `removals` that one transaction deletes at most. */
const REMOVALS_FORGOTTEN = 5_000

/** @param wallMs ms since 1970 */
export function createChangeLog({ orm, sqlite }: FeedDatabase, wallMs: () => number): ChangeLog {
  const param = sql.placeholder
  const tombstone = orm
    .select({ changeId: changes.changeId, firstChangeId: changes.firstChangeId, formerKinds: changes.formerKinds })
    .from(changes)
    .where(and(eq(changes.nodeId, param('nodeId')), sql`${changes.isRemoved}`))
    .prepare()
  const forget = orm
    .delete(changes)
    .where(eq(changes.changeId, param('changeId')))
    .prepare()
  // Plain SQL: a first scan runs this and the insert into `nodes` a million times, and Drizzle would take half of the
  // time.
  const append = sqlite.prepare<[number, string, 0 | 1, number]>(
    'INSERT INTO changes (change_id, node_id, is_removed, first_change_id) VALUES (?, ?, ?, ?)',
  )
  // The row keeps what it says. SQLite counts inserted rows in its sequence, and not those that got another number.
  const renumber = sqlite.prepare<[number, number]>('UPDATE changes SET change_id = ? WHERE change_id = ?')
  const saveSequence = sqlite.prepare<[number]>("UPDATE sqlite_sequence SET seq = ? WHERE name = 'changes'")
  const sequence = sqlite.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'changes'").pluck()
  const deleteNode = sqlite.prepare('DELETE FROM nodes WHERE node_id = ?')
  const single = prepareSingle(sqlite)
  const many = prepareMany(sqlite)
  const appendAdded = createAppendAdded(sqlite)
  /** False only while the log certainly has no tombstone: then a first scan need not look for one. */
  let hasTombstones = sqlite.prepare('SELECT EXISTS (SELECT 1 FROM changes WHERE is_removed)').pluck().get() === 1
  const readHead = () => (sequence.get() as number | undefined) ?? 0
  let head = readHead()
  const runId = newRunId()
  let isRunBegun = false
  let isSequenceBehind = false

  /** To be called before any change is appended. */
  const beginRun = () => {
    if (isRunBegun) return
    single.beginRun.run({ firstChangeId: head + 1, runId })
    isRunBegun = true
  }
  const put = (nodeId: string, firstChangeId: number | null): number => {
    beginRun()
    head += 1
    append.run(head, nodeId, 0, firstChangeId ?? head)
    return head
  }
  return {
    head: () => head,
    reload: () => {
      head = readHead()
      isRunBegun = single.hasRun.get(runId) === 1
      isSequenceBehind = false
    },
    appendNew: (nodeId) => {
      const [buried] = hasTombstones ? tombstone.all({ nodeId }) : []
      if (buried !== undefined) {
        forget.run({ changeId: buried.changeId })
        single.forgetRemoval.run(buried.changeId)
      }
      return { changeId: put(nodeId, buried?.firstChangeId ?? null), formerKinds: buried?.formerKinds ?? 0 }
    },
    appendRows: (insert) => {
      beginRun()
      appendAdded(() => insert(() => ++head), hasTombstones)
    },
    appendAgain: (nodeId, oldChangeId) => {
      beginRun()
      if (renumber.run(head + 1, oldChangeId).changes === 0) return put(nodeId, null)
      head += 1
      isSequenceBehind = true
      return head
    },
    finish: () => {
      if (isSequenceBehind) saveSequence.run(head)
      isSequenceBehind = false
    },
    reissueChildren: (parentId) => {
      beginRun()
      const { changes: count } = many.reissue.run({ head, parentId })
      if (count === 0) return
      many.forgetChildren.run({ parentId })
      many.renumber.run({ head, parentId })
      head += count
    },
    removeFiles: (parentId, path) => {
      beginRun()
      const { changes: count } = many.bury.run({ head, parentId })
      if (count === 0) return
      hasTombstones = true
      many.rememberPlaces.run({ head, parentId, path, removedMs: Math.floor(wallMs()) })
      many.forgetFiles.run({ parentId })
      many.deleteFiles.run({ parentId })
      head += count
    },
    remove: (nodeId, path) => {
      beginRun()
      hasTombstones = true
      head += 1
      single.bury.run({ head, nodeId })
      single.rememberPlace.run({ head, nodeId, path, removedMs: Math.floor(wallMs()) })
      single.forgetNode.run({ nodeId })
      deleteNode.run(nodeId)
    },
    forgetOldRemovals: () => {
      const { changes: count } = single.forgetRemovals.run({
        beforeMs: Math.floor(wallMs() - REMOVALS_KEPT_MS),
        kept: REMOVALS_KEPT,
        limit: REMOVALS_FORGOTTEN,
      })
      return count === REMOVALS_FORGOTTEN
    },
  }
}

function prepareSingle(sqlite: FeedDatabase['sqlite']) {
  return {
    beginRun: sqlite.prepare('INSERT INTO runs (first_change_id, run_id) VALUES (:firstChangeId, :runId)'),
    hasRun: sqlite.prepare('SELECT EXISTS (SELECT 1 FROM runs WHERE run_id = ?)').pluck(),
    bury: sqlite.prepare(
      `INSERT INTO changes (change_id, node_id, is_removed, first_change_id, former_kinds)
       SELECT :head, nodes.node_id, 1, coalesce(changes.first_change_id, :head), ${KINDS_SO_FAR}
       FROM nodes LEFT JOIN changes ON changes.change_id = nodes.change_id WHERE nodes.node_id = :nodeId`,
    ),
    rememberPlace: sqlite.prepare(
      `INSERT INTO removals (change_id, path, name, removed_ms)
       SELECT :head, :path, name, :removedMs FROM nodes WHERE node_id = :nodeId`,
    ),
    forgetNode: sqlite.prepare(
      'DELETE FROM changes WHERE change_id = (SELECT change_id FROM nodes WHERE node_id = :nodeId)',
    ),
    forgetRemoval: sqlite.prepare('DELETE FROM removals WHERE change_id = ?'),
    // Oldest first by `change_id`, the order of the table itself.
    forgetRemovals: sqlite.prepare(
      `DELETE FROM removals WHERE change_id IN (
         SELECT change_id FROM removals
         WHERE change_id <= (SELECT change_id FROM removals ORDER BY change_id DESC LIMIT 1 OFFSET :kept)
         ORDER BY change_id LIMIT :limit
       ) AND removed_ms < :beforeMs`,
    ),
  }
}

/** Appends the rows of the nodes that `insert` inserts: those with a larger rowid than any before. */
function createAppendAdded(sqlite: FeedDatabase['sqlite']): (insert: () => void, hasTombstones: boolean) => void {
  const append = (firstChangeId: string) =>
    sqlite.prepare<[number]>(
      `INSERT INTO changes (change_id, node_id, is_removed, first_change_id)
       SELECT change_id, node_id, 0, ${firstChangeId} FROM nodes WHERE rowid > ? ORDER BY rowid`,
    )
  // CROSS JOIN keeps this order: one search of the tombstones a node.
  const tombstones = `nodes CROSS JOIN changes AS tombstone
    ON tombstone.node_id = nodes.node_id AND tombstone.is_removed WHERE nodes.rowid > ?`
  const buried = `SELECT tombstone.change_id FROM ${tombstones}`
  const lastRow = sqlite.prepare<[], number | null>('SELECT max(rowid) FROM nodes').pluck()
  const appendNew = append('change_id')
  const appendOverTombstones = [
    append(`coalesce((SELECT tombstone.first_change_id FROM changes AS tombstone
                        WHERE tombstone.node_id = nodes.node_id AND tombstone.is_removed), change_id)`),
    sqlite.prepare<[number]>(
      `UPDATE nodes SET former_kinds = lived.kinds
         FROM (SELECT nodes.rowid AS id, tombstone.former_kinds AS kinds FROM ${tombstones}) AS lived
         WHERE nodes.rowid = lived.id`,
    ),
    sqlite.prepare<[number]>(`DELETE FROM removals WHERE change_id IN (${buried})`),
    sqlite.prepare<[number]>(`DELETE FROM changes WHERE change_id IN (${buried})`),
  ]
  return (insert, hasTombstones) => {
    const after = lastRow.get() ?? 0
    insert()
    if (!hasTombstones) appendNew.run(after)
    else for (const statement of appendOverTombstones) statement.run(after)
  }
}

/**
 * Statements for whole folders, in plain SQL: a folder can hold a million files, and these run some four times as fast.
 */
function prepareMany(sqlite: FeedDatabase['sqlite']) {
  return {
    reissue: sqlite.prepare(
      `INSERT INTO changes (change_id, node_id, is_removed, first_change_id)
       SELECT :head + row_number() OVER (ORDER BY nodes.change_id), nodes.node_id, 0, changes.first_change_id
       FROM nodes JOIN changes ON changes.change_id = nodes.change_id WHERE nodes.parent_id = :parentId`,
    ),
    forgetChildren: sqlite.prepare(
      'DELETE FROM changes WHERE change_id IN (SELECT change_id FROM nodes WHERE parent_id = :parentId)',
    ),
    renumber: sqlite.prepare(
      `UPDATE nodes SET change_id = :head + ranked.place, moved_change_id = :head + ranked.place
       FROM (SELECT rowid AS id, row_number() OVER (ORDER BY change_id) AS place FROM nodes WHERE parent_id = :parentId)
         AS ranked
       WHERE nodes.rowid = ranked.id`,
    ),
    bury: sqlite.prepare(
      `INSERT INTO changes (change_id, node_id, is_removed, first_change_id, former_kinds)
       SELECT :head + row_number() OVER (ORDER BY nodes.change_id), nodes.node_id, 1, changes.first_change_id,
              ${KINDS_SO_FAR}
       FROM nodes JOIN changes ON changes.change_id = nodes.change_id
       WHERE nodes.parent_id = :parentId AND NOT nodes.is_directory`,
    ),
    rememberPlaces: sqlite.prepare(
      `INSERT INTO removals (change_id, path, name, removed_ms)
       SELECT :head + row_number() OVER (ORDER BY change_id), :path || '/' || name, name, :removedMs
       FROM nodes WHERE parent_id = :parentId AND NOT is_directory`,
    ),
    forgetFiles: sqlite.prepare(
      `DELETE FROM changes WHERE change_id IN
         (SELECT change_id FROM nodes WHERE parent_id = :parentId AND NOT is_directory)`,
    ),
    deleteFiles: sqlite.prepare('DELETE FROM nodes WHERE parent_id = :parentId AND NOT is_directory'),
  }
}
