/** Checks the config against the disk: the watched folders must be there, and no place may be watched twice. */
import { opendirSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { statsAt } from '../file-stats.ts'
import { ConfigError } from './config-error.ts'
import type { ConfiguredWatch, Watch } from './watches.ts'

/** Whether the database knows a watch with this path, resolved or as configured: such a watch may be away. */
export type KnownWatches = { isKnown(path: string): boolean }

/**
 * The watches with every symbolic link resolved. A known watch that can't be read now gets the path that it would have.
 *
 * @throws {ConfigError} for a folder that is missing, no folder, or unreadable, and is not known
 */
export function resolveWatches(watches: readonly ConfiguredWatch[], known: KnownWatches): ConfiguredWatch[] {
  const resolvedWatches = watches.map(({ name, path, configuredPath }) => {
    const resolved = resolveAsFarAsPossible(path)
    const mistake = readingMistake(resolved)
    if (mistake !== null && !known.isKnown(resolved) && !known.isKnown(configuredPath)) {
      throw new ConfigError(`watches.${name}: ${JSON.stringify(path)} ${mistake}`)
    }
    return { name, path: resolved, configuredPath }
  })
  refuseSameInode(resolvedWatches)
  return resolvedWatches
}

/**
 * Makes sure that every file has one place: no watch is inside another, and none is there twice. No watch may be around
 * the database or the log either: every write to them would be a change that causes the next write.
 *
 * @throws {ConfigError} names both places
 */
export function refuseOverlaps(
  watches: readonly Watch[],
  ours: { database_url: string; log_path: string | null },
): void {
  for (const [index, watch] of watches.entries()) {
    for (const other of watches.slice(0, index)) refuseOverlap(other, watch)
  }
  for (const [key, path] of Object.entries(ours)) {
    if (path === null) continue
    const around = watches.find((watch) => isInside(path, watch.path))
    if (around === undefined) continue
    throw new ConfigError(
      `${key}: ${JSON.stringify(path)} is inside ${describe(around)}: must be outside every watched folder`,
    )
  }
}

/** Resolves symbolic links, also a dangling link, and links above a place that does not exist. */
export function resolveAsFarAsPossible(path: string, linksLeft = 40): string {
  try {
    return realpathSync(path)
  } catch {
    if (dirname(path) === path || linksLeft === 0) return path
    const place = join(resolveAsFarAsPossible(dirname(path), linksLeft), basename(path))
    try {
      return resolveAsFarAsPossible(resolve(dirname(place), readlinkSync(place)), linksLeft - 1)
    } catch {
      return place
    }
  }
}

/** Refuses one folder under two paths, as with a bind mount: the ids of its nodes would be there twice. */
function refuseSameInode(watches: readonly Watch[]): void {
  const seen = new Map<string, Watch>()
  for (const watch of watches) {
    const inode = inodeOf(watch.path)
    if (inode === null) continue
    const other = seen.get(inode)
    if (other !== undefined) throw sameFolder(other, watch)
    seen.set(inode, watch)
  }
}

/** Null if nothing is there, or it can't be looked at: a watch may be away. */
function inodeOf(path: string): string | null {
  try {
    const stats = statsAt(path)
    return stats === null ? null : `${stats.device}:${stats.inode}`
  } catch {
    return null
  }
}

function sameFolder(first: Watch, second: Watch): ConfigError {
  return new ConfigError(
    `watches.${second.name}: ${JSON.stringify(second.path)} is the same folder as ${describe(first)}: must be another one`,
  )
}

function refuseOverlap(first: Watch, second: Watch): void {
  if (first.path === second.path) throw sameFolder(first, second)
  const [inner, outer] = isInside(second.path, first.path) ? [second, first] : [first, second]
  if (!isInside(inner.path, outer.path)) return
  throw new ConfigError(
    `watches.${inner.name}: ${JSON.stringify(inner.path)} is inside ${describe(outer)}: must be outside every other watch`,
  )
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith('/') ? folder : `${folder}/`) && path !== folder
}

function describe(watch: Watch): string {
  return `watches.${watch.name} (${watch.path})`
}

/** What is wrong with the folder; null if it can be listed and its entries can be looked at. */
function readingMistake(path: string): string | null {
  try {
    if (!statSync(path).isDirectory()) return 'is not a folder: must be one'
    opendirSync(path).closeSync()
    // Listing needs the r bit, and looking at the entries the x bit.
    statSync(`${path}/.`)
    return null
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist: must be an existing folder'
    return `can't be read (${code}): must be a folder that this user may list and enter`
  }
}
