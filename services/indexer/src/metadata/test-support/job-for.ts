import { statSync } from 'node:fs'
import { pathForFs } from '@drive-feed/shared/entry-name.ts'
import type { MetadataJob } from '../metadata-job.ts'

/** A job for the file that is at `path` now. */
export function jobFor(path: string): MetadataJob {
  const stats = statSync(pathForFs(path), { bigint: true })
  return {
    nodeId: `node of ${path}`,
    path,
    inode: stats.ino.toString(),
    size: Number(stats.size),
    mtime: Number(stats.mtimeNs / 1000n),
  }
}
