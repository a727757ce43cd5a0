/** Whether this process may open further files: what it is refused otherwise (EMFILE) looks like many other things. */
import { closeSync, openSync } from 'node:fs'

/** What the indexer needs without its metadata workers: threads, database, inotify, and a folder that is looked at. */
export const OPEN_FILES_MIN = 64

export const ALLOW_OPEN_FILES =
  'Allow more: ulimit -n, LimitNOFILE= of systemd, or ulimits: nofile: in docker-compose.yml'

/** Whether so many more can be open at a time. */
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
