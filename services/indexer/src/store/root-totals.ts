/**
 * Keeps the number of files and bytes of each root, in the transaction of every write. Counting the rows of a million
 * files at each scrape would hold the main thread for a second.
 *
 * Bytes are integers of any size. Sparse files may claim exbibytes, and bytes that a double loses in such a sum would
 * be missing once those files are gone.
 */
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { countFolder } from '@drive-feed/shared/root-totals.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'

/** A node as it is counted. `root` is the id of the root's node that it is or is below; null if there is none. */
export type Counted = {
  readonly root: string | null
  readonly parentId: string | null
  readonly isDirectory: 0 | 1
  readonly size: number
}

/** Everything runs inside the caller's transaction, which begins with `begin` and ends with `save`. */
export type RootTotals = {
  /** Forgets what a transaction that failed has left. */
  readonly begin: () => void
  /** Null for an unknown node. */
  readonly nodeOf: (nodeId: string) => Counted | null
  /** The root that a child of this folder is in. */
  readonly rootOf: (folderId: string) => string | null
  /** Adds files and their bytes to a root's totals. Negative numbers take them away. */
  readonly add: (root: string | null, files: number, bytes: bigint) => void
  /** Moves the files that are directly in these folders from one root's totals to another's; null for no root. */
  readonly moveFolders: (folders: readonly string[], from: string | null, to: string | null) => void
  /** To be called after a folder moved or was removed: the cached roots of folders may be wrong. */
  readonly forget: () => void
  /** Writes what changed. */
  readonly save: () => void
}

export function createRootTotals({ sqlite }: FeedDatabase): RootTotals {
  const nodeById = sqlite.prepare<[string], { parentId: string | null; isDirectory: 0 | 1; size: number }>(
    'SELECT parent_id AS parentId, is_directory AS isDirectory, size FROM nodes WHERE node_id = ?',
  )
  const parentOf = sqlite.prepare<[string], string | null>('SELECT parent_id FROM nodes WHERE node_id = ?').pluck()
  const before = sqlite.prepare<[string], { files: number; bytes: string }>(
    'SELECT files, bytes FROM root_totals WHERE node_id = ?',
  )
  const write = sqlite.prepare(
    `INSERT INTO root_totals (node_id, files, bytes) VALUES (:root, :files, :bytes)
     ON CONFLICT (node_id) DO UPDATE SET files = :files, bytes = :bytes`,
  )
  const erase = sqlite.prepare('DELETE FROM root_totals WHERE node_id = ?')
  const inFolder = countFolder(sqlite)
  /** Roots of folders, cached while no folder moves: one transaction mostly writes into the same few folders. */
  const known = new Map<string, string | null>()
  const changes = new Map<string, { files: number; bytes: bigint }>()

  const rootOf = (folderId: string): string | null => {
    const way: string[] = []
    let root: string | null | undefined
    for (let at = folderId; root === undefined; ) {
      root = known.get(at)
      if (root !== undefined) break
      way.push(at)
      // Null until the root is found, so that even a circle, which there never is, ends the climb.
      known.set(at, null)
      const parent = parentOf.get(at) ?? null
      if (parent === SUPER_ROOT_ID) root = at
      else if (parent === null) root = null
      else at = parent
    }
    for (const folder of way) known.set(folder, root)
    return root
  }
  const add: RootTotals['add'] = (root, files, bytes) => {
    if (root === null) return
    const change = changes.get(root) ?? { files: 0, bytes: 0n }
    changes.set(root, { files: change.files + files, bytes: change.bytes + bytes })
  }
  return {
    begin: () => {
      changes.clear()
      known.clear()
    },
    nodeOf: (nodeId) => {
      const row = nodeById.get(nodeId)
      if (row === undefined) return null
      const isFolder = row.isDirectory === 1 || row.parentId === null
      return { ...row, root: isFolder ? rootOf(nodeId) : rootOf(row.parentId as string) }
    },
    rootOf,
    add,
    moveFolders: (folders, from, to) => {
      if (from === to) return
      for (const folder of folders) {
        const { files, bytes } = inFolder(folder)
        add(from, -files, -bytes)
        add(to, files, bytes)
      }
    },
    forget: () => known.clear(),
    save: () => {
      for (const [root, change] of changes) {
        if (change.files === 0 && change.bytes === 0n) continue
        const { files, bytes } = before.get(root) ?? { files: 0, bytes: '0' }
        const now = { files: files + change.files, bytes: BigInt(bytes) + change.bytes }
        if (now.files === 0 && now.bytes === 0n) erase.run(root)
        else write.run({ root, files: now.files, bytes: String(now.bytes) })
      }
    },
  }
}
