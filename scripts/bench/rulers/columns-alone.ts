/** The least that a page of `/changes` can cost: its columns read by the same join, and nothing made of them. */
import { openReader } from '@drive-feed/shared/open-database.ts'

const COLUMNS = `changes.change_id, changes.node_id, is_removed, first_change_id, nodes.node_id, parent_id, name,
  is_directory, ctime, mtime, mime_type, hash, size, is_image, is_video, width, height, ms_duration`

/** Rows per second through the whole log. */
export function measureColumns(database: string, pageRows: number): number {
  const { sqlite } = openReader(database)
  try {
    const page = sqlite
      .prepare(
        `SELECT ${COLUMNS} FROM changes LEFT JOIN nodes ON nodes.node_id = changes.node_id
         WHERE changes.change_id > ? ORDER BY changes.change_id LIMIT ${pageRows}`,
      )
      .raw()
    const started = performance.now()
    let rows = 0
    for (let after = 0; ; ) {
      const read = page.all(after) as [number, ...unknown[]][]
      const last = read.at(-1)
      if (last === undefined) return rows / ((performance.now() - started) / 1000)
      rows += read.length
      after = last[0]
    }
  } finally {
    sqlite.close()
  }
}
