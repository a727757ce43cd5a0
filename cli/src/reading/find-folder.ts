/** The folder that somebody typed: the name of a watched folder, or a path. */
import { resolve } from 'node:path'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { watchRoots } from '@drive-feed/shared/schema.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { isWhole, pathOfWay, wayToPath } from '@drive-feed/shared/way-to-path.ts'
import { CommandError } from '../command.ts'
import { EXIT_NOT_WELL } from '../exit-codes.ts'

export type Place = { readonly nodeId: string; readonly path: string }

/** @throws {CommandError} if it is in no watched folder, not known, or a file */
export function findFolder(db: FeedDatabase, typed: string): Place {
  const roots = db.orm.select().from(watchRoots).all()
  const named = roots.find(({ name }) => name === typed)
  if (named !== undefined) return { nodeId: named.nodeId, path: named.path }
  const path = resolve(typed)
  const way = wayToPath(db, path)
  if (way === null) {
    const lines = roots.map((root) => `\n  ${shownPath(root.name)}: ${shownPath(root.path)}`)
    throw refusal(`${shownPath(path)} is in no watched folder; there are:${lines.join('')}`)
  }
  const row = way.rows.at(-1)
  if (row === undefined || !isWhole(way)) throw refusal(`nothing is known at ${shownPath(path)}`)
  if (row.isDirectory === 0) throw refusal(`${shownPath(path)} is a file, not a folder`)
  return { nodeId: row.nodeId, path: pathOfWay(way, way.names.length) }
}

function refusal(message: string): CommandError {
  return new CommandError(message, EXIT_NOT_WELL)
}
