/**
 * Drizzle's CommonJS build. Its ES modules are some two hundred small files, which cost 0.3 s at every start; the
 * CommonJS ones cost a sixth of that. Everything imports Drizzle's values from here, and its types from the package as
 * usual.
 */
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

export const { and, asc, count, desc, eq, getTableColumns, gt, gte, inArray, is, lt, lte, Placeholder, sql } =
  require('drizzle-orm') as typeof import('drizzle-orm')
export const { drizzle } = require('drizzle-orm/better-sqlite3') as typeof import('drizzle-orm/better-sqlite3')
export const { blob, integer, real, sqliteTable, text } =
  require('drizzle-orm/sqlite-core') as typeof import('drizzle-orm/sqlite-core')
