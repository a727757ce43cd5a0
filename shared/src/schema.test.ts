/** Holds Drizzle's tables to those that the DDL creates, by SQLite's own description of both. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { getTableConfig } from 'drizzle-orm/sqlite-core'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { openWriter } from './open-database.ts'
import {
  changes,
  devices,
  feed,
  nodes,
  problems,
  readers,
  removals,
  rootTotals,
  runs,
  status,
  watchRoots,
} from './schema.ts'

type ColumnInfo = { name: string; type: string; notnull: 0 | 1; pk: number }

test("Drizzle's tables are those that the DDL makes", (t) => {
  const { sqlite } = openWriter(join(temporaryFolder(t), 'feed.db'))
  const all = [nodes, changes, removals, runs, watchRoots, devices, status, feed, problems, rootTotals, readers]
  const tables = all.map(getTableConfig)
  const made = sqlite
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .pluck()
    .all()
  assert.deepEqual(tables.map(({ name }) => name).sort(), made.sort())
  for (const table of tables) {
    const known = table.columns.map((column) => ({
      name: column.name,
      type: column.getSQLType().toUpperCase(),
      // A primary key in SQLite is not implicitly NOT NULL; in Drizzle it is.
      required: column.notNull && !column.primary,
      primary: column.primary,
    }))
    const columns = sqlite.pragma(`table_info(${table.name})`) as ColumnInfo[]
    const real = columns.map(({ name, type, notnull, pk }) => ({
      name,
      type,
      required: notnull === 1,
      primary: pk === 1,
    }))
    assert.deepEqual(real, known, table.name)
  }
  sqlite.close()
})
