/**
 * Which processes are in the middle of reading a database: those that hold a lock on its `-shm` file (walIndex of
 * SQLite).
 */
import { readFileSync } from 'node:fs'
import { statsOrNull } from '@drive-feed/shared/file-stats.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'

/** SQLite's lock bytes begin at 120; those of readers are the last five of eight. */
const READ_LOCKS = { first: 123, last: 127 }

/**
 * `process 4242 (sqlite3)` for each process but this one, five at most. None if they can't be seen, as from within a
 * container.
 *
 * @param shmPath path of the `-shm` file
 */
export function readersOf(shmPath: string): string[] {
  try {
    const inode = statsOrNull(shmPath)?.inode
    if (inode === undefined) return []
    const pids = lockers(readFileSync('/proc/locks', 'utf8'), inode).filter((pid) => pid > 0 && pid !== process.pid)
    return pids.slice(0, 5).map((pid) => `process ${pid}${nameOf(pid)}`)
  } catch {
    return []
  }
}

/** Lines as in proc_locks(5): `1: POSIX  ADVISORY  READ 4242 08:01:1234 124 124`. */
function lockers(locks: string, inode: bigint): number[] {
  const found = new Set<number>()
  for (const line of locks.split('\n')) {
    const [, , , kind, pid, file, first, last] = line.split(/\s+/)
    if (kind !== 'READ' || file?.split(':')[2] !== String(inode)) continue
    if (Number(first) >= READ_LOCKS.first && Number(last) <= READ_LOCKS.last) found.add(Number(pid))
  }
  return [...found]
}

/** A program's name may hold any bytes. */
function nameOf(pid: number): string {
  try {
    return ` (${shownPath(readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd())})`
  } catch {
    return ''
  }
}
