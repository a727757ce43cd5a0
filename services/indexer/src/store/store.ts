/**
 * Every write of the indexer, each in one short synchronous transaction. A transaction that fails is rolled back whole
 * and thrown: what is in memory no longer matches, so the caller must not go on.
 */

import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import type { Decision } from '../model/decision.ts'
import { createCarryOut } from './carry-out.ts'
import { createChangeLog } from './change-log.ts'
import { createMetadataWriter, type IsSameInode, type MetadataFinding } from './metadata-writer.ts'
import { createNodePaths } from './node-paths.ts'
import { createNodeQueries, type NodeQueries } from './node-queries.ts'
import { createRootTotals } from './root-totals.ts'

export type Store = {
  readonly known: NodeQueries
  /** The newest cursor. */
  readonly head: () => number
  /** Carries the decisions out, in their order, in one transaction. */
  readonly apply: (decisions: readonly Decision[]) => void
  /** Makes one transaction of all that `work` writes to the database, here and elsewhere. */
  readonly transaction: (work: () => void) => void
  /** Makes everything that waits for its metadata due at `latestMs` (ms since 1970) or before. */
  readonly capDue: (latestMs: number) => void
  /** Makes all that is to be asked for again due: what was away may be back. */
  readonly askAgainNow: () => void
  /** Has what was listed without being read read after all. */
  readonly readSkipped: () => void
  /** Leaves unread what the original program has listed without reading it, and what was not met since. */
  readonly skipOriginals: () => void
  /**
   * Stores what the metadata workers found. What no longer fits its row is left out (invariant I6), and so are names that
   * have the inode number in the database alone; without `isSameInode` there are none. Gives which were about a row.
   */
  readonly saveMetadata: (findings: readonly MetadataFinding[], isSameInode?: IsSameInode) => readonly boolean[]
  /**
   * Stores what was found of files that were read before and asked for again. What was read anew meanwhile is left out;
   * what was not and still does not fit is asked for at `laterMs` (ms since 1970). Where a library failed on a file, what
   * it said before stays.
   */
  readonly saveAgain: (findings: readonly MetadataFinding[], laterMs: number, isSameInode?: IsSameInode) => void
  /** Forgets where some of what was removed had been, the oldest first. False when there is no more to forget. */
  readonly forgetOldRemovals: () => boolean
  /** Leaves a file that waits alone until then at least, ms since 1970. */
  readonly postpone: (nodeId: string, dueMs: number) => void
}

/** @param wallMs ms since 1970 */
export function createStore(db: FeedDatabase, wallMs: () => number): Store {
  const { sqlite } = db
  const known = createNodeQueries(db)
  const log = createChangeLog(db, wallMs)
  const writer = createMetadataWriter(db, log)
  const paths = createNodePaths(db)
  const totals = createRootTotals(db)
  const carryOut = createCarryOut(db, log, { paths, totals })

  const capDue = sqlite.prepare(
    `UPDATE nodes SET metadata_due_ms = :latestMs
     WHERE metadata_state IN ('fresh', 'backlog') AND metadata_due_ms > :latestMs`,
  )
  const capAgain = sqlite.prepare(
    `UPDATE nodes SET metadata_due_ms = :latestMs WHERE metadata_state = 'again' AND metadata_due_ms > :latestMs`,
  )
  const readSkipped = sqlite.prepare(
    "UPDATE nodes SET metadata_state = 'backlog', metadata_due_ms = 0 WHERE metadata_state = 'skipped'",
  )
  const skipOriginals = sqlite.prepare(
    `UPDATE nodes SET metadata_state = 'skipped'
     WHERE metadata_state IN ('fresh', 'backlog') AND metadata_state = 'backlog' AND device = ''`,
  )
  const postpone = sqlite.prepare(
    `UPDATE nodes SET metadata_due_ms = max(metadata_due_ms, :dueMs)
     WHERE node_id = :nodeId AND metadata_state IN ('fresh', 'backlog')`,
  )
  const postponeAgain = sqlite.prepare(
    "UPDATE nodes SET metadata_due_ms = :dueMs WHERE node_id = :nodeId AND +metadata_state = 'again'",
  )
  const inTransaction = sqlite.transaction((work: () => void) => work())
  const transaction = (work: () => void) => {
    try {
      inTransaction.immediate(work)
    } catch (error) {
      log.reload()
      throw error
    }
  }
  return {
    known,
    head: log.head,
    capDue: (latestMs) => {
      capDue.run({ latestMs: Math.floor(latestMs) })
      capAgain.run({ latestMs: Math.floor(latestMs) })
    },
    askAgainNow: () => capAgain.run({ latestMs: 0 }),
    readSkipped: () => readSkipped.run(),
    skipOriginals: () => skipOriginals.run(),
    transaction,
    apply: (decisions) =>
      transaction(() => {
        paths.forget()
        totals.begin()
        decisions.forEach(carryOut)
        totals.save()
      }),
    forgetOldRemovals: log.forgetOldRemovals,
    saveMetadata: (findings, isSameInode = () => true) => {
      let saved: readonly boolean[] = []
      transaction(() => {
        saved = findings.map((finding) => writer.save(finding, isSameInode))
      })
      return saved
    },
    saveAgain: (findings, laterMs, isSameInode = () => true) =>
      transaction(() => {
        for (const finding of findings) {
          const isSaved = writer.saveAgain(finding, isSameInode)
          if (!isSaved) postponeAgain.run({ nodeId: finding.bytes.nodeId, dueMs: Math.floor(laterMs) })
        }
      }),
    postpone: (nodeId, dueMs) => postpone.run({ nodeId, dueMs: Math.floor(dueMs) }),
  }
}
