/** How far the indexer has come, by its database. All answers are false while the database can't be read. */
import { openReader } from '@drive-feed/shared/open-database.ts'

/** Whether an indexer that was started after `sinceMs` watches every root. */
export function isWatching(database: string, sinceMs: number): boolean {
  const states = ask<{ state: string; sinceMs: number }>(
    database,
    'SELECT state, state_since_ms AS sinceMs FROM watch_roots',
  )
  return states.length > 0 && states.every((row) => row.state === 'watching' && row.sinceMs >= sinceMs)
}

/** Whether no file waits for its hash. */
export function isHashed(database: string): boolean {
  const [first] = ask<{ left: number }>(
    database,
    "SELECT count(*) AS left FROM nodes WHERE metadata_state IN ('fresh', 'backlog')",
  )
  return first?.left === 0
}

/** The rows of a query; none while the database can't be read. */
function ask<Row>(database: string, query: string): Row[] {
  try {
    const { sqlite } = openReader(database)
    try {
      return sqlite.prepare(query).all() as Row[]
    } finally {
      sqlite.close()
    }
  } catch {
    return []
  }
}
