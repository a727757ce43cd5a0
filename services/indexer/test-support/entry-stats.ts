/** What Node's lstat says of an entry, in the form in which the looking thread has it. */
import { lstatSync } from 'node:fs'
import { pathForFs } from '@drive-feed/shared/entry-name.ts'
import { microseconds } from '@drive-feed/shared/microseconds.ts'
import type { EntryStats } from '../src/scan/statx.ts'

export function entryStatsOf(path: string): EntryStats {
  const stats = lstatSync(pathForFs(path), { bigint: true })
  return {
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other',
    size: Number(stats.size),
    mtime: microseconds(stats.mtimeNs),
    ctime: microseconds(stats.ctimeNs),
    birthTime: microseconds(stats.birthtimeNs),
    links: Number(stats.nlink),
    device: stats.dev,
    inode: stats.ino,
  }
}
