/** What a database of any version knows of the watches, read before the config counts and before anything is upgraded. */

import { SCHEMA_VERSION } from '@drive-feed/shared/migrations.ts'
import { DatabaseUnusableError, openAnyVersion } from '@drive-feed/shared/open-database.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'

export type KnownWatches = {
  readonly names: readonly string[]
  /** Paths, as configured and resolved. */
  readonly paths: ReadonlySet<string>
  /** Whether the database is of an older version, which the next start upgrades. */
  readonly isOlder: boolean
}

const NOTHING: KnownWatches = { names: [], paths: new Set(), isOlder: false }

/** Nothing where there is no database that can be read: who opens it to write says why. */
export function knownWatches(databasePath: string): KnownWatches {
  let sqlite: ReturnType<typeof openAnyVersion>
  try {
    sqlite = openAnyVersion(databasePath)
  } catch (error) {
    if (error instanceof DatabaseUnusableError) return NOTHING
    throw error
  }
  try {
    const version = Number(sqlite.pragma('user_version', { simple: true }))
    const texts = (sql: string, ...values: string[]) =>
      sqlite
        .prepare<string[], string>(sql)
        .pluck()
        .all(...values)
    // Version 1, that of the original, has the names only, and version 2 no paths as configured.
    if (version === 1) {
      const names = texts('SELECT name FROM nodes WHERE parent_id = ?', SUPER_ROOT_ID)
      return { names, paths: new Set(), isOlder: true }
    }
    const paths = texts('SELECT path FROM watch_roots')
    if (version > 2) paths.push(...texts('SELECT configured_path FROM watch_roots'))
    return { names: texts('SELECT name FROM watch_roots'), paths: new Set(paths), isOlder: version < SCHEMA_VERSION }
  } catch (error) {
    // A damaged file is told of by who opens it to write.
    if (error instanceof Error && error.name === 'SqliteError') return NOTHING
    throw error
  } finally {
    sqlite.close()
  }
}

/**
 * Why this config may not upgrade the database: a watch that is missing would leave the feed, with its ids and hashes, and
 * an upgrade is when a config is set up anew. Null if it may.
 */
export function watchesLost(known: KnownWatches, names: readonly string[]): string | null {
  if (!known.isOlder) return null
  const lost = known.names.filter((name) => !names.includes(name)).sort()
  if (lost.length === 0) return null
  const list = lost.map((name) => JSON.stringify(name)).join(', ')
  const [it, its] = lost.length === 1 ? ['it', 'its'] : ['them', 'their']
  return `watches: the database, which an older version made, has ${list}, and the config has not: name ${it} too \
(${its} folder may have another path, or be empty), or name the config file of before; what should leave the feed can be taken out \
after the upgrade`
}
