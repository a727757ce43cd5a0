/** Whether this process may open further files: without a check, EMFILE shows up as many other problems. */
import { closeSync, openSync } from 'node:fs'

/**
 * The descriptors that the indexer needs without its metadata workers: threads, database, inotify, and the folder being
 * looked at.
 */
export const OPEN_FILES_MIN = 64

export const ALLOW_OPEN_FILES =
  'Allow more: ulimit -n, LimitNOFILE= of systemd, or ulimits: nofile: in docker-compose.yml'

/** Whether `count` more files can be open at a time. */
export function mayOpen(count: number): boolean {
  const opened: number[] = []
  try {
    while (opened.length < count) opened.push(openSync('/dev/null', 'r'))
    return true
  } catch {
    return false
  } finally {
    for (const fd of opened) closeSync(fd)
  }
}
