/** The id of what is not known yet. */
import { nameToBytes } from '@drive-feed/shared/entry-name.ts'
import { furtherNodeId, plainNodeId } from '@drive-feed/shared/node-id.ts'
import type { Known } from '../store/known.ts'
import type { Facts } from '../store/store.ts'
import { isReborn, isSameThing, type Place, type PresentSight } from './seen.ts'

/** The plain id of the inode; where another node has that, one that is made of the place as well. */
export function newNodeId(
  { device, inode }: Pick<Facts, 'device' | 'inode'>,
  { parentId, name }: Place,
  isTaken: (nodeId: string) => boolean,
): string {
  let nodeId = plainNodeId(device, inode)
  for (let attempt = 0; isTaken(nodeId); attempt += 1) {
    nodeId = furtherNodeId(device, inode, parentId, nameToBytes(name), attempt)
  }
  return nodeId
}

/**
 * Whether the row keeps its id though the inode number is another thing's by now: its root is away, and nothing that such
 * a root holds may be removed (I7). The other thing gets an id beside it.
 */
export function keepsId(row: Known, sight: PresentSight, isAway: (row: Known) => boolean): boolean {
  return (!isSameThing(row, sight) || (row.isDirectory && isReborn(row, sight.facts))) && isAway(row)
}
