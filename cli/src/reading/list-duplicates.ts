/** Files with equal content, by their MD5 and size. */
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import type { Given } from '../command.ts'
import { EXIT_DONE } from '../exit-codes.ts'
import { withFeed } from './open-feed.ts'
import { createPaths } from './paths.ts'
import { shownBytes } from './sizes.ts'

/** Names of one inode are one file on the disk. `wasted`: what removing all but one file would free, in bytes. */
type Group = { readonly hash: string; readonly size: bigint; readonly wasted: bigint; readonly paths: string[] }

export function listDuplicates({ options }: Given): Promise<number> {
  return withFeed(String(options.config), (db) => {
    const groups = findGroups(db)
    if (options.json === true) {
      for (const { hash, size, wasted, paths } of groups) {
        process.stdout.write(`${JSON.stringify({ hash, size: Number(size), wasted: Number(wasted), paths })}\n`)
      }
      return EXIT_DONE
    }
    for (const { size, wasted, paths } of groups) {
      process.stdout.write(`${shownBytes(wasted)} could be freed: ${paths.length} files of ${shownBytes(size)}\n`)
      for (const path of paths) process.stdout.write(`  ${shownPath(path)}\n`)
    }
    const total = groups.reduce((sum, { wasted }) => sum + wasted, 0n)
    process.stdout.write(groups.length === 0 ? 'No duplicates.\n' : `${shownBytes(total)} could be freed in all.\n`)
    return EXIT_DONE
  })
}

/** The most wasteful first. Empty files waste nothing, and neither do hard links of one file. */
function findGroups(db: FeedDatabase): Group[] {
  const rows = db.sqlite
    .prepare<[], { hash: string; size: bigint; files: bigint }>(
      `SELECT hash, size, count(DISTINCT device || ':' || inode) AS files FROM nodes
       WHERE hash <> '' AND size > 0 GROUP BY hash, size HAVING files > 1 ORDER BY size * (files - 1) DESC, hash`,
    )
    .safeIntegers()
    .all()
  const ids = db.sqlite
    .prepare<[string, bigint], string>("SELECT node_id FROM nodes WHERE hash = ? AND hash <> '' AND size = ?")
    .pluck()
  const pathOf = createPaths(db)
  return rows.map(({ hash, size, files }) => ({
    ...{ hash, size },
    wasted: size * (files - 1n),
    paths: ids
      .all(hash, size)
      .map((id) => pathOf(id) ?? id)
      .sort(),
  }))
}
