/**
 * Drizzle, by way of its CommonJS build: its ES modules are some two hundred small files, whose resolution costs 0.3 s at
 * every start, and the CommonJS ones a sixth of that. Everything imports Drizzle's values from here; types come from the
 * package as usual.
 */
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

export const { and, asc, desc, eq, getTableColumns, gt, gte, inArray, lt, lte, sql } =
  require('drizzle-orm') as typeof import('drizzle-orm')
export const { drizzle } = require('drizzle-orm/better-sqlite3') as typeof import('drizzle-orm/better-sqlite3')
export const { blob, integer, real, sqliteTable, text } =
  require('drizzle-orm/sqlite-core') as typeof import('drizzle-orm/sqlite-core')
