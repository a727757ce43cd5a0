/** The least that a first scan's writing can cost: the same rows, inserted by hand into the same tables. */
import { openReader, openWriter } from '@drive-feed/shared/open-database.ts'
import type Database from 'better-sqlite3'

/** Rows of one transaction: as many as the indexer writes at once during a scan. */
const BATCH = 16_000

/**
 * Milliseconds for the rows of `source` to be in a new database at `target`: without reading them, without looking at a
 * disk, without deciding anything. Each node goes with its change, in the order in which the scan wrote them.
 */
export function measureRawInserts(source: string, target: string): number {
  const reader = openReader(source).sqlite
  const writer = openWriter(target).sqlite
  try {
    const tables = ['nodes', 'changes'].map((table) => ({
      read: reader.prepare(`SELECT * FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT ${BATCH}`).raw(),
      insert: insertInto(writer, table),
    }))
    let tookMs = 0
    for (let after = 0; ; after += BATCH) {
      const batches = tables.map(({ read, insert }) => ({ rows: read.all(after) as unknown[][], insert }))
      if (batches.every(({ rows }) => rows.length === 0)) return tookMs
      const started = performance.now()
      writer.transaction(() => {
        for (const { rows, insert } of batches) for (const row of rows) insert.run(...row)
      })()
      tookMs += performance.now() - started
    }
  } finally {
    reader.close()
    writer.close()
  }
}

function insertInto(sqlite: Database.Database, table: string): Database.Statement {
  const columns = (sqlite.pragma(`table_info(${table})`) as unknown[]).length
  return sqlite.prepare(`INSERT OR IGNORE INTO ${table} VALUES (${Array.from({ length: columns }, () => '?')})`)
}
