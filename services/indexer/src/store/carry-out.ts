/** Writes into the rows what a decision says: each kind in the order of `Decision`. */
import { eq, sql } from '@drive-feed/shared/drizzle.ts'
import { displayName, rawNameColumn } from '@drive-feed/shared/entry-name.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { sizeOf } from '@drive-feed/shared/root-totals.ts'
import { nodes } from '@drive-feed/shared/schema.ts'
import type { Decision, Facts } from '../model/decision.ts'
import type { ChangeLog } from './change-log.ts'
import type { NodePaths } from './node-paths.ts'
import { createFoldersFrom, createReissue } from './reissue-subtree.ts'
import type { RootTotals } from './root-totals.ts'

/** Carries out one decision, inside the caller's transaction. */
export function createCarryOut(
  db: FeedDatabase,
  log: ChangeLog,
  { paths, totals }: { readonly paths: NodePaths; readonly totals: RootTotals },
): (decision: Decision) => void {
  const write = prepareWrites(db)
  const { sqlite } = db
  const changeIdOf = sqlite.prepare('SELECT change_id FROM nodes WHERE node_id = ?').pluck()
  const appendAgain = (nodeId: string) => log.appendAgain(nodeId, changeIdOf.get(nodeId) as number)
  const foldersFrom = createFoldersFrom(sqlite)
  const reissue = createReissue(log)
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
      reissue(folders)
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
        // Positional parameters, in the statement's order: this is the hottest line of a first scan.
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
        write.countSilentWrite.run()
        break
      case 'renumber':
        write.renumber.run({ nodeId, inode: decision.inode, birthTime: decision.birthTime })
        break
      case 'remove': {
        const node = totals.nodeOf(nodeId)
        // A folder above it was removed earlier in the same plan, and its tombstone is already written.
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

/** The columns of these facts. `mtime` is the exact integer if a double can't hold it. */
function columnsOf({ exactMtime, ...facts }: Facts) {
  return exactMtime === undefined ? facts : { ...facts, mtime: exactMtime }
}

function prepareWrites({ orm, sqlite }: FeedDatabase) {
  const param = sql.placeholder
  // Drizzle's `set` takes a placeholder only inside SQL.
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
    // The error stays. Without it a file that clients received as unreadable would be pending again, and they would
    // wait for a row that may never come.
    recheck: orm.update(nodes).set(awaiting).where(thisNode).prepare(),
    adopt: orm
      .update(nodes)
      .set({ ...facts, device: set('device'), inode: set('inode') })
      .where(thisNode)
      .prepare(),
    countSilentWrite: sqlite.prepare('UPDATE feed SET silent_writes = silent_writes + 1'),
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
    // A join: if the other name is gone nothing is copied, and the file is read like any new one.
    copy: sqlite.prepare(
      `UPDATE nodes SET hash = twin.hash, mime_type = twin.mime_type, is_image = twin.is_image, is_video = twin.is_video,
         width = twin.width, height = twin.height, ms_duration = twin.ms_duration,
         metadata_state = twin.metadata_state, metadata_error = twin.metadata_error
       FROM nodes AS twin WHERE nodes.node_id = :nodeId AND twin.node_id = :copyOf`,
    ),
  }
}

/** Plain SQL for the same reason as in `change-log.ts`. Columns that are not named get the table's defaults. */
function prepareInsert(sqlite: FeedDatabase['sqlite']) {
  return sqlite.prepare(
    `INSERT INTO nodes (node_id, parent_id, name, raw_name, is_directory, device, inode, birth_time, size, mtime, ctime,
                        change_id, moved_change_id, metadata_state, metadata_due_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
}
