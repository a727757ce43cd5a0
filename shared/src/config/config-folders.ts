/** Checks the config against the disk: the watched folders must be there, and no place may be watched twice. */
import { opendirSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { statsAt } from '../file-stats.ts'
import type { Mistake, NameOf } from './mistake.ts'
import type { ConfiguredWatch, Watch } from './watches.ts'

/** Whether the database knows a watch with this path, resolved or as configured: such a watch may be away. */
export type KnownWatches = { isKnown(path: string, databasePath: string): boolean }

/** The watches with every symbolic link resolved. One that can't be read now gets the path that it would have. */
export function resolveWatches(watches: readonly ConfiguredWatch[]): ConfiguredWatch[] {
  return watches.map((watch) => ({ ...watch, path: resolveAsFarAsPossible(watch.path) }))
}

/** Watches that are missing, no folder, or unreadable, but for known ones: these are away. The paths are resolved. */
export function unreadableWatches(watches: readonly ConfiguredWatch[], isKnown: (path: string) => boolean): Mistake[] {
  return watches.flatMap(({ name, path, configuredPath }) => {
    const mistake = readingMistake(path)
    if (mistake === null || isKnown(path) || isKnown(configuredPath)) return []
    return [{ keys: ['watches', name], found: null, allowed: `${JSON.stringify(configuredPath)} ${mistake}` }]
  })
}

/** Folders that are there under two paths, as with a bind mount: the ids of their nodes would be there twice. */
export function sameInodes(watches: readonly Watch[], nameOf: NameOf): Mistake[] {
  const seen = new Map<string, Watch>()
  return watches.flatMap((watch) => {
    const inode = inodeOf(watch.path)
    const other = inode === null ? undefined : seen.get(inode)
    if (inode !== null && other === undefined) seen.set(inode, watch)
    return other === undefined || other.path === watch.path ? [] : [sameFolder(other, watch, nameOf)]
  })
}

/**
 * Files that would have two places: one watch inside another, or there twice. No watch may be around the database or
 * the log either: every write to them would be a change that causes the next write.
 */
export function overlaps(
  watches: readonly Watch[],
  ours: { readonly database_url: string | null; readonly log_path: string | null },
  nameOf: NameOf,
): Mistake[] {
  const mistakes = watches.flatMap((watch, index) => {
    return watches.slice(0, index).flatMap((other) => overlap(other, watch, nameOf) ?? [])
  })
  for (const [key, path] of Object.entries(ours)) {
    const around = path === null ? undefined : watches.find((watch) => isInside(path, watch.path))
    if (around === undefined) continue
    const found = `${JSON.stringify(path)} is inside ${describe(around, nameOf)}`
    mistakes.push({ keys: [key], found, allowed: 'must be outside every watched folder' })
  }
  return mistakes
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

/** Null if nothing is there, or it can't be looked at: a watch may be away. */
function inodeOf(path: string): string | null {
  try {
    const stats = statsAt(path)
    return stats === null ? null : `${stats.device}:${stats.inode}`
  } catch {
    return null
  }
}

function sameFolder(first: Watch, second: Watch, nameOf: NameOf): Mistake {
  const found = `${JSON.stringify(second.path)} is the same folder as ${describe(first, nameOf)}`
  return { keys: ['watches', second.name], found, allowed: 'must be another one' }
}

function overlap(first: Watch, second: Watch, nameOf: NameOf): Mistake | null {
  if (first.path === second.path) return sameFolder(first, second, nameOf)
  const [inner, outer] = isInside(second.path, first.path) ? [second, first] : [first, second]
  if (!isInside(inner.path, outer.path)) return null
  const found = `${JSON.stringify(inner.path)} is inside ${describe(outer, nameOf)}`
  return { keys: ['watches', inner.name], found, allowed: 'must be outside every other watch' }
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith('/') ? folder : `${folder}/`) && path !== folder
}

function describe(watch: Watch, nameOf: NameOf): string {
  return `${nameOf(['watches', watch.name])} (${watch.path})`
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
