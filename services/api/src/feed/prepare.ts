/**
 * Prepares what Drizzle built by better-sqlite3 itself: what Drizzle does for each column of each row takes longer than
 * reading it.
 */
import { is, Placeholder } from '@drive-feed/shared/drizzle.ts'
import type Database from 'better-sqlite3'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'

export type FeedOrm = BetterSQLite3Database & { readonly $client: Database.Database }

/** Gives the columns in their order, as SQLite has them: truths are 0 and 1. */
export type Prepared<Values, Columns extends readonly unknown[]> = {
  readonly all: (values: Values) => Columns[]
  readonly get: (values: Values) => Columns | undefined
}

export type NoValues = Readonly<Record<string, never>>

/** @param query with a placeholder for each of the `Values` */
export function prepare<Values extends { readonly [name: string]: unknown }, Columns extends readonly unknown[]>(
  orm: FeedOrm,
  query: { readonly toSQL: () => { readonly sql: string; readonly params: readonly unknown[] } },
): Prepared<Values, Columns> {
  const { sql, params } = query.toSQL()
  const statement = orm.$client.prepare<unknown[], Columns>(sql).raw()
  const bound = (values: Values) => params.map((param) => (is(param, Placeholder) ? values[param.name] : param))
  return { all: (values) => statement.all(...bound(values)), get: (values) => statement.get(...bound(values)) }
}
