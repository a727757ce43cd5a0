/** What a path given to `accept-empty` means: a watched folder, or a place inside one where a disk is away. */
import { resolve } from 'node:path'
import { type FileStats, statsAt } from '@drive-feed/shared/file-stats.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { watchRoots } from '@drive-feed/shared/schema.ts'
import { shellWord } from '@drive-feed/shared/shell-word.ts'
import { pathOfWay, type Way, wayToPath } from '@drive-feed/shared/way-to-path.ts'
import { type FolderSight, sightOf } from '../model/sight.ts'

/** `folder`: the folder that is there now. */
export type AcceptPlace =
  | { readonly kind: 'root'; readonly name: string }
  | { readonly kind: 'disk'; readonly nodeId: string; readonly path: string; readonly folder: FolderSight }
  | { readonly kind: 'none'; readonly problem: string }

/** @param operand an absolute path as it was typed */
export function findAcceptPlace(db: FeedDatabase, operand: string): AcceptPlace {
  const path = resolve(operand)
  const way = wayToPath(db, path)
  if (way === null) {
    const roots = db.orm.select().from(watchRoots).all()
    const lines = roots.map((root) => `\n  ${root.name}: ${shellWord(root.path)}`)
    return none(`${shellWord(path)} is in no watched folder; there are:${lines.join('')}`)
  }
  if (way.names.length === 0) return { kind: 'root', name: way.root.name }
  if (way.root.state === 'offline') {
    return none(`${way.root.name}, in which that is, is offline itself: ${way.root.message ?? way.root.path}`)
  }
  return diskAt(way)
}

function diskAt(way: Way): AcceptPlace {
  const { names, rows } = way
  const path = pathOfWay(way, names.length)
  const outer = names.findIndex((_, at) => at < names.length - 1 && isUnmounted(way, at + 1))
  if (outer >= 0) {
    const place = shellWord(pathOfWay(way, outer + 1))
    return none(`${shellWord(path)} is in ${place}, whose filesystem is away: that is the path to give`)
  }
  const [row, above] = [rows[names.length], rows[names.length - 1]]
  if (row === undefined || above === undefined) return none(`nothing is known at ${shellWord(path)}`)
  if (row.isDirectory === 0 || row.device === above.device) {
    return none(`no other filesystem was mounted at ${shellWord(path)} as far as is known: nothing is away there`)
  }
  const stats = look(path)
  if (typeof stats === 'string') return none(stats)
  const folder = stats === null ? null : sightOf(stats)
  if (folder?.kind !== 'folder') {
    return none(`${shellWord(path)} is not there as a folder, so nothing is kept of what was mounted there`)
  }
  if (!isUnmounted(way, names.length))
    return none(`a filesystem is mounted at ${shellWord(path)}: nothing is away there`)
  return { kind: 'disk', nodeId: row.nodeId, path, folder }
}

/** Whether the row at this depth is of another filesystem than the row above it, and the folder there now is not. */
function isUnmounted(way: Way, depth: number): boolean {
  const [row, above] = [way.rows[depth], way.rows[depth - 1]]
  if (row === undefined || above === undefined || row.isDirectory === 0 || row.device === above.device) return false
  const [here, there] = [look(pathOfWay(way, depth)), look(pathOfWay(way, depth - 1))]
  if (here === null || there === null || typeof here === 'string' || typeof there === 'string') return false
  return here.kind === 'folder' && here.device === there.device
}

/** What is there; null for nothing; text if it can't be looked at. */
function look(path: string): FileStats | null | string {
  try {
    return statsAt(path)
  } catch (error) {
    return `${shellWord(path)} can't be looked at: ${(error as Error).message}`
  }
}

function none(problem: string): AcceptPlace {
  return { kind: 'none', problem }
}
