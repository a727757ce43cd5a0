/**
 * Every write of the indexer, each in one short synchronous transaction. A transaction that fails is rolled back whole
 * and thrown: what is in memory no longer matches, so the caller must not go on.
 */

import { eq, sql } from '@drive-feed/shared/drizzle.ts'
import { displayName, rawNameColumn } from '@drive-feed/shared/entry-name.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { sizeOf } from '@drive-feed/shared/root-totals.ts'
import { nodes } from '@drive-feed/shared/schema.ts'
import type { Decision, Facts } from '../model/decision.ts'
import { createChangeLog } from './change-log.ts'
import { createMetadataWriter, type IsSameInode, type MetadataFinding } from './metadata-writer.ts'
import { createNodePaths, type NodePaths } from './node-paths.ts'
import { createNodeQueries, type NodeQueries } from './node-queries.ts'
import { createRootTotals, type RootTotals } from './root-totals.ts'

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

function createCarryOut(
  db: FeedDatabase,
  log: ReturnType<typeof createChangeLog>,
  { paths, totals }: { readonly paths: NodePaths; readonly totals: RootTotals },
): (decision: Decision) => void {
  const write = prepareWrites(db)
  const { sqlite } = db
  const changeIdOf = sqlite.prepare('SELECT change_id FROM nodes WHERE node_id = ?').pluck()
  const childFolders = sqlite.prepare('SELECT node_id FROM nodes WHERE parent_id = ? AND is_directory').pluck()
  const appendAgain = (nodeId: string) => log.appendAgain(nodeId, changeIdOf.get(nodeId) as number)

  /** The folder and all folders below it, breadth first. Proportional to folders, not to files (invariant I9). */
  const foldersFrom = (nodeId: string): string[] => {
    const folders = [nodeId]
    // One by one: there may be more in a folder than a call takes arguments.
    for (const folder of folders) for (const child of childFolders.all(folder) as string[]) folders.push(child)
    return folders
  }
  const resize = (nodeId: string, { size }: Facts) => {
    const node = totals.nodeOf(nodeId)
    if (node?.isDirectory === 0) totals.add(node.root, 0, sizeOf(size) - sizeOf(node.size))
  }
  const move = ({ nodeId, parentId, name, isDirectory, ctime }: Extract<Decision, { kind: 'move' }>) => {
    const before = totals.nodeOf(nodeId)
    const changeId = appendAgain(nodeId)
    write.move.run({ nodeId, parentId, name: displayName(name), rawName: rawNameColumn(name), ctime, changeId })
    if (isDirectory) {
      const folders = foldersFrom(nodeId)
      paths.forget()
      // Parents first (I3): everything below comes again, after the folder, folder by folder.
      folders.forEach(log.reissueChildren)
      totals.forget()
      totals.moveFolders(folders, before?.root ?? null, totals.rootOf(nodeId))
    } else if (before !== null) {
      totals.add(before.root, -1, -sizeOf(before.size))
      totals.add(totals.rootOf(parentId), 1, sizeOf(before.size))
    }
  }
  return (decision) => {
    const { nodeId } = decision
    switch (decision.kind) {
      case 'create': {
        const { parentId, name, isDirectory, facts, awaiting } = decision
        const { device, inode, birthTime, size, mtime, exactMtime, ctime } = facts
        const { state, dueMs } = awaiting
        const [shown, raw, isFolder] = [displayName(name), rawNameColumn(name), isDirectory ? 1 : 0]
        const { changeId, formerKinds } = log.appendNew(nodeId)
        // One after the other as in the statement: this is the hottest line of a first scan.
        // biome-ignore format: two lines as in the statement
        write.insert.run(nodeId, parentId, shown, raw, isFolder, device, inode, birthTime, size, exactMtime ?? mtime, ctime,
                         changeId, changeId, state, dueMs)
        if (formerKinds !== 0) write.formerKinds.run({ nodeId, formerKinds })
        if (decision.copyOf !== null) write.copy.run({ nodeId, copyOf: decision.copyOf })
        if (!isDirectory) totals.add(totals.rootOf(parentId), 1, sizeOf(size))
        break
      }
      case 'move':
        move(decision)
        break
      case 'rewrite':
        resize(nodeId, decision.facts)
        write.rewrite.run({ nodeId, ...columnsOf(decision.facts), ...decision.awaiting, changeId: appendAgain(nodeId) })
        break
      case 'recheck':
        write.recheck.run({ nodeId, ...decision.awaiting })
        break
      case 'adopt':
        resize(nodeId, decision.facts)
        write.adopt.run({ nodeId, ...columnsOf(decision.facts) })
        break
      case 'renumber':
        write.renumber.run({ nodeId, inode: decision.inode, birthTime: decision.birthTime })
        break
      case 'remove': {
        const node = totals.nodeOf(nodeId)
        // It went with a folder that was removed before it in the same plan; its tombstone is there already.
        if (node === null) break
        const folders = foldersFrom(nodeId).reverse()
        if (node.isDirectory === 1) totals.moveFolders(folders, node.root, null)
        else totals.add(node.root, -1, -sizeOf(node.size))
        for (const folder of folders) {
          const path = paths.pathOf(folder)
          log.removeFiles(folder, path)
          log.remove(folder, path === '' ? '/' : path)
        }
        totals.forget()
      }
    }
  }
}

/** The time of last change as a whole number of microseconds, where a double does not hold it. */
function columnsOf({ exactMtime, ...facts }: Facts) {
  return exactMtime === undefined ? facts : { ...facts, mtime: exactMtime }
}

function prepareWrites({ orm, sqlite }: FeedDatabase) {
  const param = sql.placeholder
  // Drizzle's `set` knows placeholders only as SQL.
  const set = (name: string) => sql`${param(name)}`
  const thisNode = eq(nodes.nodeId, param('nodeId'))
  const awaiting = { metadataState: set('state'), metadataDueMs: set('dueMs') }
  const facts = { size: set('size'), mtime: set('mtime'), ctime: set('ctime'), birthTime: set('birthTime') }
  return {
    insert: prepareInsert(sqlite),
    move: orm
      .update(nodes)
      .set({
        parentId: set('parentId'),
        name: set('name'),
        rawName: set('rawName'),
        ctime: set('ctime'),
        changeId: set('changeId'),
        movedChangeId: set('changeId'),
      })
      .where(thisNode)
      .prepare(),
    rewrite: orm
      .update(nodes)
      .set({ ...facts, ...awaiting, metadataError: null, hash: '', changeId: set('changeId') })
      .where(thisNode)
      .prepare(),
    // The old error stays: a file that was told as unreadable must not become a pending one, for whose row clients wait.
    recheck: orm.update(nodes).set(awaiting).where(thisNode).prepare(),
    adopt: orm
      .update(nodes)
      .set({ ...facts, device: set('device'), inode: set('inode') })
      .where(thisNode)
      .prepare(),
    renumber: orm
      .update(nodes)
      .set({ inode: set('inode'), birthTime: set('birthTime') })
      .where(thisNode)
      .prepare(),
    formerKinds: orm
      .update(nodes)
      .set({ formerKinds: set('formerKinds') })
      .where(thisNode)
      .prepare(),
    // Joined, so that without the other name nothing is copied: the file is then read like any new one.
    copy: sqlite.prepare(
      `UPDATE nodes SET hash = twin.hash, mime_type = twin.mime_type, is_image = twin.is_image, is_video = twin.is_video,
         width = twin.width, height = twin.height, ms_duration = twin.ms_duration,
         metadata_state = twin.metadata_state, metadata_error = twin.metadata_error
       FROM nodes AS twin WHERE nodes.node_id = :nodeId AND twin.node_id = :copyOf`,
    ),
  }
}

/** Plain SQL for the same reason as in `change-log.ts`; what is not named starts with the table's defaults. */
function prepareInsert(sqlite: FeedDatabase['sqlite']) {
  return sqlite.prepare(
    `INSERT INTO nodes (node_id, parent_id, name, raw_name, is_directory, device, inode, birth_time, size, mtime, ctime,
                        change_id, moved_change_id, metadata_state, metadata_due_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
}
