import { statsBehind } from '@drive-feed/shared/file-stats.ts'
import type { MetadataJob } from '../metadata-job.ts'

/** A job for the file that is at `path` now. */
export function jobFor(path: string): MetadataJob {
  const stats = statsBehind(path)
  if (stats === null) throw new Error(`${path} does not exist`)
  const { inode, size, mtime } = stats
  return { nodeId: `node of ${path}`, path, inode: String(inode), size, mtime }
}
