/** Counts files and bytes in the database, in integers that are large enough for every sum of sizes. */
import type Database from 'better-sqlite3'
import { SUPER_ROOT_ID } from './schema.ts'

export type Totals = { readonly files: number; readonly bytes: bigint }

/** The size of the largest possible file, and the largest that the database holds. As a double it is one more. */
const SIZE_MAX = 2n ** 63n - 1n

// SQLite's sum() fails beyond 2^63, which a few sparse files may reach. The sum of each half stays well below.
const SUMS = 'count(*) AS files, coalesce(sum(size >> 32), 0) AS high, coalesce(sum(size & 4294967295), 0) AS low'

type Sums = { readonly files: bigint; readonly high: bigint; readonly low: bigint }

/** A size in bytes as the database has it. */
export function sizeOf(bytes: number): bigint {
  const size = BigInt(Math.trunc(bytes))
  return size > SIZE_MAX ? SIZE_MAX : size
}

/** Counts the files of one folder, without those in folders below. */
export function countFolder(sqlite: Database.Database): (folderId: string) => Totals {
  const count = sqlite
    .prepare<[string], Sums>(`SELECT ${SUMS} FROM nodes WHERE parent_id = ? AND NOT is_directory`)
    .safeIntegers(true)
  return (folderId) => totalsOf(count.get(folderId) as Sums)
}

/** Counts every file, by the id of its root's node. Takes time in proportion to all files. */
export function countRoots(sqlite: Database.Database): (Totals & { readonly nodeId: string })[] {
  const count = sqlite
    .prepare<[string], Sums & { readonly nodeId: string }>(
      `WITH RECURSIVE folders (node_id, root) AS (
         SELECT node_id, node_id FROM nodes WHERE parent_id = ? AND is_directory
         UNION ALL
         SELECT nodes.node_id, folders.root FROM folders JOIN nodes ON nodes.parent_id = folders.node_id
         WHERE nodes.is_directory
       )
       SELECT folders.root AS nodeId, ${SUMS}
       FROM folders JOIN nodes ON nodes.parent_id = folders.node_id WHERE NOT nodes.is_directory GROUP BY folders.root`,
    )
    .safeIntegers(true)
  return count.all(SUPER_ROOT_ID).map(({ nodeId, ...sums }) => ({ nodeId, ...totalsOf(sums) }))
}

function totalsOf({ files, high, low }: Sums): Totals {
  return { files: Number(files), bytes: (high << 32n) + low }
}
