/**
 * Appending to `changes`: one row a node, its latest. Every function here runs inside the caller's transaction.
 *
 * The next `change_id` is counted here and not by SQLite, because a node's first row also says its own number in
 * `first_change_id`. There is only one writer (invariant I8); after a rollback `reload` must be called.
 */

import { and, eq, sql } from '@drive-feed/shared/drizzle.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { changes } from '@drive-feed/shared/schema.ts'

export type ChangeLog = {
  /** The newest `change_id` handed out. */
  readonly head: () => number
  /** Reads the head from the file again. */
  readonly reload: () => void
  /** Appends a new node's first row, or its next one if the id lived before. Gives the row's `change_id`. */
  readonly appendNew: (nodeId: string) => number
  /** Replaces a live node's row by a newer one. */
  readonly appendAgain: (nodeId: string, oldChangeId: number) => number
  /** Replaces the rows of all children of a folder by newer ones, keeping their order. */
  readonly reissueChildren: (parentId: string) => void
  /** Turns the rows of all files of a folder into tombstones and deletes their nodes. */
  readonly removeFiles: (parentId: string) => void
  /** Turns one live node's row into a tombstone and deletes the node. */
  readonly remove: (nodeId: string) => void
}

export function createChangeLog({ orm, sqlite }: FeedDatabase): ChangeLog {
  const param = sql.placeholder
  const tombstone = orm
    .select({ changeId: changes.changeId, firstChangeId: changes.firstChangeId })
    .from(changes)
    .where(and(eq(changes.nodeId, param('nodeId')), sql`${changes.isRemoved}`))
    .prepare()
  const forget = orm
    .delete(changes)
    .where(eq(changes.changeId, param('changeId')))
    .returning({ firstChangeId: changes.firstChangeId })
    .prepare()
  // Plain SQL: with the node's own row this is what a first scan does a million times, and Drizzle's share would be half.
  const append = sqlite.prepare<[number, string, 0 | 1, number]>(
    'INSERT INTO changes (change_id, node_id, is_removed, first_change_id) VALUES (?, ?, ?, ?)',
  )
  const sequence = sqlite.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'changes'").pluck()
  const changeOf = sqlite.prepare('SELECT change_id FROM nodes WHERE node_id = ?').pluck()
  const deleteNode = sqlite.prepare('DELETE FROM nodes WHERE node_id = ?')
  const many = prepareMany(sqlite)
  /** False only while there is certainly none: a first scan need not look for what can't be there. */
  let hasTombstones = sqlite.prepare('SELECT EXISTS (SELECT 1 FROM changes WHERE is_removed)').pluck().get() === 1
  const readHead = () => (sequence.get() as number | undefined) ?? 0
  let head = readHead()

  const put = (nodeId: string, isRemoved: boolean, firstChangeId: number | null): number => {
    if (isRemoved) hasTombstones = true
    head += 1
    append.run(head, nodeId, isRemoved ? 1 : 0, firstChangeId ?? head)
    return head
  }
  return {
    head: () => head,
    reload: () => {
      head = readHead()
    },
    appendNew: (nodeId) => {
      const [buried] = hasTombstones ? tombstone.all({ nodeId }) : []
      if (buried !== undefined) forget.run({ changeId: buried.changeId })
      return put(nodeId, false, buried?.firstChangeId ?? null)
    },
    appendAgain: (nodeId, oldChangeId) =>
      put(nodeId, false, forget.get({ changeId: oldChangeId })?.firstChangeId ?? null),
    reissueChildren: (parentId) => {
      const { changes: count } = many.reissue.run({ head, parentId })
      if (count === 0) return
      many.forgetChildren.run({ parentId })
      many.renumber.run({ head, parentId })
      head += count
    },
    removeFiles: (parentId) => {
      const { changes: count } = many.bury.run({ head, parentId })
      if (count === 0) return
      hasTombstones = true
      many.forgetFiles.run({ parentId })
      many.deleteFiles.run({ parentId })
      head += count
    },
    remove: (nodeId) => {
      const changeId = changeOf.get(nodeId) as number
      put(nodeId, true, forget.get({ changeId })?.firstChangeId ?? null)
      deleteNode.run(nodeId)
    },
  }
}

/** Whole folders at once, in plain SQL: a folder can hold a million files, and these run some four times as fast. */
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
      `INSERT INTO changes (change_id, node_id, is_removed, first_change_id)
       SELECT :head + row_number() OVER (ORDER BY nodes.change_id), nodes.node_id, 1, changes.first_change_id
       FROM nodes JOIN changes ON changes.change_id = nodes.change_id
       WHERE nodes.parent_id = :parentId AND NOT nodes.is_directory`,
    ),
    forgetFiles: sqlite.prepare(
      `DELETE FROM changes WHERE change_id IN
         (SELECT change_id FROM nodes WHERE parent_id = :parentId AND NOT is_directory)`,
    ),
    deleteFiles: sqlite.prepare('DELETE FROM nodes WHERE parent_id = :parentId AND NOT is_directory'),
  }
}
