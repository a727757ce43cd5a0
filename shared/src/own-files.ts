/**
 * Files of ours, recognised by device and inode: the database with all that stands beside it, and the log. Each of our
 * writes to them would be a change that causes the next write. Their paths say nothing: by way of a bind mount (as with
 * Docker's volumes below a watched folder) or a hard link they are inside a watched folder under another one.
 */
import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type FileStats, statsOrNull } from './file-stats.ts'

export type OwnPaths = { readonly databasePath: string; readonly logPath: string | null }

type Inode = Pick<FileStats, 'device' | 'inode'>

export type OwnFiles = {
  /** Looks where they are now: `-wal` and `-shm` come and go, disks are mounted. A handful of system calls. */
  readonly refresh: () => void
  /** Whether a file of ours has such a name, wherever that is. */
  readonly mayBeOwn: (name: string) => boolean
  /** Tells which names in that folder are ours, there or not; null for a folder that is not ours. */
  readonly namesIn: (folder: Inode) => ((name: string) => boolean) | null
  /** Whether it is one of them under any name. */
  readonly isOwn: (file: Inode) => boolean
}

export function createOwnFiles({ databasePath, logPath }: OwnPaths): OwnFiles {
  const places = [{ path: dirname(databasePath), isOurs: databaseNames(basename(databasePath)) }]
  if (logPath !== null) places.push({ path: dirname(logPath), isOurs: (name) => name === basename(logPath) })
  let folders: (Inode | null)[] = []
  /** Inode to devices: one look-up for each of a million files. */
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

/** What SQLite keeps beside the database, the indexer's lock, and the words that the owner leaves for it. */
function databaseNames(name: string): (other: string) => boolean {
  const names = new Set(['', '-wal', '-shm', '-journal', '.lock'].map((ending) => name + ending))
  return (other) => names.has(other) || other.startsWith(`${name}.accept-`)
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
