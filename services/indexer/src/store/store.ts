/**
 * Every write of the indexer, each in one short synchronous transaction. A transaction that fails is rolled back and
 * its error thrown: memory no longer matches the database, so the caller must not go on.
 */

import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import type { Decision } from '../model/decision.ts'
import type { NewFiles } from '../model/new-files.ts'
import { createAddFiles } from './add-files.ts'
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
  /** Adds new files in one transaction. */
  readonly addFiles: (files: readonly NewFiles[]) => void
  /** Runs `work` as one transaction: all that it writes to the database, through the store or not. */
  readonly transaction: (work: () => void) => void
  /** Makes every file that waits for its metadata due at `latestMs` (ms since 1970) at the latest. */
  readonly capDue: (latestMs: number) => void
  /** Makes all files in state `again` due now: what was away may be back. */
  readonly askAgainNow: () => void
  /** Has files read after all that were listed without being read. */
  readonly readSkipped: () => void
  /** Leaves files unread that the original program listed without reading, and that were not met since. */
  readonly skipOriginals: () => void
  /**
   * Stores what the metadata workers found. A finding that no longer fits its row is left out (I6). So is a name that
   * has the inode number only in the database; without `isSameInode` every name counts. Gives for each finding whether
   * it was about a row.
   */
  readonly saveMetadata: (findings: readonly MetadataFinding[], isSameInode?: IsSameInode) => readonly boolean[]
  /**
   * Stores what was found of files in state `again`. A file that is no longer in that state is left out. If a finding
   * does not fit its row, the file is asked for at `laterMs` (ms since 1970). If a library failed on a file, its former
   * answer stays.
   */
  readonly saveAgain: (findings: readonly MetadataFinding[], laterMs: number, isSameInode?: IsSameInode) => void
  /** Deletes the oldest rows of `removals` that need not be kept, a slice a call. False when none is left to delete. */
  readonly forgetOldRemovals: () => boolean
  /** Leaves a waiting file alone until `dueMs` (ms since 1970) at least. */
  readonly postpone: (nodeId: string, dueMs: number) => void
}

/**
 * @param wallMs ms since 1970
 * @param tell called after each commit that moved the head
 */
export function createStore(db: FeedDatabase, wallMs: () => number, tell = () => {}): Store {
  const { sqlite } = db
  const known = createNodeQueries(db)
  const log = createChangeLog(db, wallMs)
  const writer = createMetadataWriter(db, log)
  const paths = createNodePaths(db)
  const totals = createRootTotals(db)
  const carryOut = createCarryOut(db, log, { paths, totals })
  const addFiles = createAddFiles(db, log, totals)

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
  const inTransaction = sqlite.transaction((work: () => void) => {
    work()
    log.finish()
  })
  const transaction = (work: () => void) => {
    const before = log.head()
    try {
      inTransaction.immediate(work)
    } catch (error) {
      log.reload()
      throw error
    }
    if (log.head() > before && !sqlite.inTransaction) tell()
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
    addFiles: (files) =>
      transaction(() => {
        totals.begin()
        addFiles(files)
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
