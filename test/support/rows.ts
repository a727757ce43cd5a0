/** Rows and sights for tests, with defaults for what a test does not care about. */
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import type { Facts } from '../../services/indexer/src/model/decision.ts'
import type { KnownNode } from '../../services/indexer/src/model/known-node.ts'
import type { PlacedSight } from '../../services/indexer/src/model/observation.ts'

export const DEVICE = '2049'

/** Facts of inode `inode`. Facts with the same number are of the same thing. */
export function factsOf(inode: number | string, other: Partial<Facts> = {}): Facts {
  return { device: DEVICE, inode: String(inode), birthTime: 1, size: 10, mtime: 1_000, ctime: 1_000, ...other }
}

/** A file's row, ready and hashed, under its plain id. */
export function fileRow(inode: number, parentId: string, name: string, other: Partial<KnownNode> = {}): KnownNode {
  return {
    nodeId: plainNodeId(DEVICE, String(inode)),
    parentId,
    name,
    isDirectory: false,
    ...factsOf(inode),
    hash: `hash of ${inode}`,
    metadataState: 'ready',
    ...other,
  }
}

export function folderRow(inode: number, parentId: string, name: string, other: Partial<KnownNode> = {}): KnownNode {
  return fileRow(inode, parentId, name, { isDirectory: true, size: 0, hash: '', ...other })
}

export function fileSight(inode: number, other: Partial<Facts> & { links?: number } = {}): PlacedSight {
  const { links = 1, ...facts } = other
  return { kind: 'file', facts: factsOf(inode, facts), links }
}

export function folderSight(inode: number, other: Partial<Facts> = {}): PlacedSight {
  return { kind: 'folder', facts: factsOf(inode, { size: 0, ...other }) }
}

export const GONE: PlacedSight = { kind: 'gone' }
