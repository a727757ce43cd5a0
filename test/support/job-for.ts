import { dirname } from 'node:path'
import { statsBehind } from '@drive-feed/shared/file-stats.ts'
import type { MetadataJob } from '../../services/indexer/src/metadata/metadata-job.ts'

/** A job for the file that is at `path` now, in a watched folder. */
export function jobFor(path: string): MetadataJob {
  const stats = statsBehind(path)
  if (stats === null) throw new Error(`${path} does not exist`)
  const { device, inode, size, mtime } = stats
  const numbers = { deviceNumber: String(device), inode: String(inode) }
  return { nodeId: `node of ${path}`, root: dirname(path), path, ...numbers, size, mtime }
}
