import { closeSync, constants, openSync } from 'node:fs'
import { lockPath, tellOfCommit, writeNote } from '@drive-feed/shared/database-note.ts'
import { openWriter } from '@drive-feed/shared/open-database.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'

export type NewNode = {
  readonly id: string
  readonly parentId?: string
  readonly name?: string
  readonly isDirectory?: boolean
  readonly size?: number
  readonly mtime?: number
  readonly hash?: string
  /** Whether it waits for its hash. */
  readonly isPending?: boolean
}

export type LiveNode = { readonly id: string; readonly parentId: string; readonly name: string; readonly size: number }

export type FeedWriter = ReturnType<typeof openFeedWriter>

/**
 * Writes a feed by the rules of the indexer's store, which tests of the api may not import: the log has one row for each
 * node, and a change deletes it and appends a new one.
 */
export function openFeedWriter(path: string) {
  const { sqlite } = openWriter(path)
  // Tests need no file that survives a power loss.
  sqlite.pragma('synchronous = OFF')
  const lock = openSync(lockPath(path), constants.O_RDWR | constants.O_CREAT)
  writeNote(lock, null)
  const oldRow = sqlite.prepare(
    `SELECT change_id AS changeId, first_change_id AS first FROM changes WHERE change_id =
       coalesce((SELECT nullif(change_id, 0) FROM nodes WHERE node_id = :id),
                (SELECT change_id FROM changes WHERE node_id = :id AND is_removed))`,
  )
  const forget = sqlite.prepare('DELETE FROM changes WHERE change_id = ?')
  const append = sqlite.prepare('INSERT INTO changes (node_id, is_removed, first_change_id) VALUES (?, ?, 0)')
  const setFirst = sqlite.prepare('UPDATE changes SET first_change_id = ? WHERE change_id = ?')
  const setChange = sqlite.prepare('UPDATE nodes SET change_id = ? WHERE node_id = ?')
  const upsert = sqlite.prepare(
    `INSERT INTO nodes (node_id, parent_id, name, is_directory, ctime, mtime, size, hash, metadata_state)
     VALUES (:id, :parentId, :name, :isDirectory, 0, :mtime, :size, :hash, :state)
     ON CONFLICT (node_id) DO UPDATE SET parent_id = :parentId, name = :name, mtime = :mtime, size = :size, hash = :hash,
       metadata_state = :state`,
  )
  const setMoved = sqlite.prepare('UPDATE nodes SET moved_change_id = change_id WHERE node_id = ?')
  const isMovedYet = sqlite.prepare('SELECT moved_change_id > 0 FROM nodes WHERE node_id = ?').pluck()
  const childrenOf = sqlite.prepare('SELECT node_id FROM nodes WHERE parent_id = ?').pluck()
  const deleteNode = sqlite.prepare('DELETE FROM nodes WHERE node_id = ?')

  function emit(id: string, isRemoved: boolean): void {
    const old = oldRow.get({ id }) as { changeId: number; first: number } | undefined
    if (old !== undefined) forget.run(old.changeId)
    const changeId = Number(append.run(id, isRemoved ? 1 : 0).lastInsertRowid)
    setFirst.run(old?.first ?? changeId, changeId)
    setChange.run(changeId, id)
  }

  /** Makes a function that runs in a transaction, and readers are told of its commit. */
  function committing<Args extends unknown[]>(work: (...args: Args) => void): (...args: Args) => void {
    const inTransaction = sqlite.transaction(work)
    return (...args) => {
      inTransaction(...args)
      tellOfCommit(lock)
    }
  }

  /** The node's descendants, breadth first. */
  function below(id: string): string[] {
    const found = childrenOf.all(id) as string[]
    for (let at = 0; at < found.length; at += 1) found.push(...(childrenOf.all(found[at]) as string[]))
    return found
  }

  return {
    sqlite,
    /** Creates a node, or changes a file in place. */
    put: committing((node: NewNode) => {
      const { id, parentId = SUPER_ROOT_ID, name = id, isDirectory = false, size = 0, mtime = 0, hash = '' } = node
      const state = node.isPending === true ? 'fresh' : 'ready'
      upsert.run({ id, parentId, name, isDirectory: isDirectory ? 1 : 0, size, mtime, hash, state })
      emit(id, false)
      if (isMovedYet.get(id) === 0) setMoved.run(id)
    }),
    /** Renames or moves a node, and re-issues all below it. */
    move: committing((id: string, parentId: string, name: string) => {
      sqlite.prepare('UPDATE nodes SET parent_id = ?, name = ? WHERE node_id = ?').run(parentId, name, id)
      for (const one of [id, ...below(id)]) {
        emit(one, false)
        setMoved.run(one)
      }
    }),
    /** Removes a node and all below it, children first. */
    remove: committing((id: string) => {
      for (const one of [id, ...below(id)].reverse()) {
        emit(one, true)
        deleteNode.run(one)
      }
    }),
    watch(name: string, path: string): void {
      sqlite
        .prepare("INSERT INTO watch_roots (name, node_id, path, state, state_since_ms) VALUES (?, ?, ?, 'watching', 0)")
        .run(name, name, path)
    },
    isBelow: (id: string, ancestor: string): boolean => id === ancestor || below(ancestor).includes(id),
    liveNodes: (): LiveNode[] =>
      sqlite
        .prepare(
          'SELECT node_id AS id, parent_id AS parentId, name, size FROM nodes WHERE node_id <> ? ORDER BY node_id',
        )
        .all(SUPER_ROOT_ID) as LiveNode[],
    /** How many changes a client at this cursor has yet to receive, counted row by row. */
    countVisible: (cursor: number): number =>
      sqlite
        .prepare(
          'SELECT count(*) FROM changes WHERE change_id > :cursor AND (NOT is_removed OR first_change_id <= :cursor)',
        )
        .pluck()
        .get({ cursor }) as number,
    head: (): number =>
      sqlite
        .prepare("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'changes'), 0)")
        .pluck()
        .get() as number,
    close: (): void => {
      if (sqlite.open) closeSync(lock)
      sqlite.close()
    },
  }
}
