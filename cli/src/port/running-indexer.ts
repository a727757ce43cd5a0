/** The indexer that runs on a database, by the lock that it holds: /proc/locks (proc(5)). */
import { readFileSync, realpathSync } from 'node:fs'
import { lockPath } from '@drive-feed/shared/database-note.ts'
import { statsOrNull } from '@drive-feed/shared/file-stats.ts'
import { openFilesOf } from './listeners.ts'

/**
 * The process; null if none is seen. One in another container is not seen. The number of the lock's device is not
 * compared, since some filesystems give another one there.
 */
export function runningIndexer(databasePath: string): number | null {
  const path = lockPath(databasePath)
  const stats = statsOrNull(path)
  if (stats === null) return null
  const holders = flocksIn(locksText(), String(stats.inode))
  const real = realpathSync(path)
  // Another file of that number, on another disk, may be locked too. A process that can't be seen is taken for ours.
  const isOurs = (files: readonly string[]) => files.length === 0 || files.includes(real)
  return holders.find((pid) => isOurs(openFilesOf(pid))) ?? null
}

/** The processes that hold a flock(2) on an inode of this number. */
export function flocksIn(locks: string, inode: string): number[] {
  return locks.split('\n').flatMap((line) => {
    const [, kind, , , pid, place] = line.trim().split(/\s+/)
    return kind === 'FLOCK' && place?.split(':').at(-1) === inode && Number(pid) > 0 ? [Number(pid)] : []
  })
}

function locksText(): string {
  try {
    return readFileSync('/proc/locks', 'utf8')
  } catch {
    return ''
  }
}
