/**
 * The program's own files, recognised by device and inode: the database with the files beside it, and the log. Each
 * write to them would be a change that causes the next write. Paths are not enough: by a bind mount (as with Docker's
 * volumes below a watched folder) or a hard link they may be inside a watched folder under another path.
 */
import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type FileStats, statsOrNull } from './file-stats.ts'

export type OwnPaths = { readonly databasePath: string; readonly logPath: string | null }

type Inode = Pick<FileStats, 'device' | 'inode'>

export type OwnFiles = {
  /** Looks for the files anew: `-wal` and `-shm` come and go, and disks are mounted. A handful of system calls. */
  readonly refresh: () => void
  /** Whether an own file has this name, in whatever folder. */
  readonly mayBeOwn: (name: string) => boolean
  /** Gives which names in that folder are own files, whether there or not; null if none can be in it. */
  readonly namesIn: (folder: Inode) => ((name: string) => boolean) | null
  /** Whether it is an own file, under any name. */
  readonly isOwn: (file: Inode) => boolean
}

export function createOwnFiles({ databasePath, logPath }: OwnPaths): OwnFiles {
  const places = [{ path: dirname(databasePath), isOurs: databaseNames(basename(databasePath)) }]
  if (logPath !== null) places.push({ path: dirname(logPath), isOurs: (name) => name === basename(logPath) })
  let folders: (Inode | null)[] = []
  /** Devices by inode, so that each of a million files takes one look-up. */
  let files = new Map<bigint, bigint[]>()

  const refresh = () => {
    folders = places.map(({ path }) => statsOrNull(path))
    files = new Map()
    for (const { path, isOurs } of places) {
      for (const name of namesOf(path).filter(isOurs)) {
        const file = statsOrNull(join(path, name))
        if (file !== null) files.set(file.inode, [...(files.get(file.inode) ?? []), file.device])
      }
    }
  }
  refresh()
  return {
    refresh,
    mayBeOwn: (name) => places.some(({ isOurs }) => isOurs(name)),
    namesIn: (folder) => {
      const here = places.filter((_, at) => isSame(folders[at], folder))
      return here.length === 0 ? null : (name) => here.some(({ isOurs }) => isOurs(name))
    },
    isOwn: ({ device, inode }) => files.get(inode)?.includes(device) === true,
  }
}

/** SQLite's files beside the database, the indexer's lock, the owner's words and wishes, and a copy to be restored. */
export function databaseNames(name: string): (other: string) => boolean {
  const names = new Set(['', '-wal', '-shm', '-journal', '.lock', '.restore'].map((ending) => name + ending))
  const words = [`${name}.accept-`, `${name}.rescan-`, `${name}.restore.partial-`]
  return (other) => names.has(other) || words.some((begin) => other.startsWith(begin))
}

function isSame(one: Inode | null | undefined, other: Inode): boolean {
  return one != null && one.inode === other.inode && one.device === other.device
}

function namesOf(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
