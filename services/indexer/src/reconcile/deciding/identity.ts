/** Ids: which row a folder on its way is, and which id something gets that no row is about. For files see `match.ts`. */
import { nameToBytes } from '@drive-feed/shared/entry-name.ts'
import { furtherNodeId, plainNodeId } from '@drive-feed/shared/node-id.ts'
import type { Facts } from '../../model/decision.ts'
import type { KnownNode } from '../../model/known-node.ts'
import { isReborn, isSameThing, type Place, type PresentSight } from '../../model/observation.ts'
import type { Arrival, Knowledge } from './plan.ts'

/** What is known of an inode number. */
export type InodeKnowledge = {
  /** Rows that have the number. */
  readonly rows: readonly KnownNode[]
  readonly isAway: (row: KnownNode) => boolean
  /** Whether a node has the id that may have another number by now: on a device whose numbers do not last. */
  readonly isIdTaken: (device: string, nodeId: string) => boolean
}

/** Picks the row of a folder among those of its inode. `newId` gives its id if there is none; `kept` rows stay beside it. */
export function identifyFolder(
  sight: Extract<PresentSight, { kind: 'folder' }>,
  place: Place,
  { rows, isAway, isIdTaken }: InodeKnowledge,
): { readonly own: KnownNode | undefined; readonly newId: () => string; readonly kept: readonly KnownNode[] } {
  const kept = rows.filter((row) => keepsId(row, sight, isAway))
  const isTaken = (id: string) => kept.some(({ nodeId }) => nodeId === id) || isIdTaken(sight.facts.device, id)
  const own = likeliestFirst(rows, sight.facts).find((row) => isSameThing(row, sight) && !kept.includes(row))
  return { own, newId: () => newNodeId(sight.facts, place, isTaken), kept }
}

/** Gives the plain id of the inode, or one made of the place as well if the plain id is taken. */
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

/** Gives the id of an arrival that is a new node. A dead row of its inode leaves its id; `taken` ids are given already. */
export function idOfNew(
  { observation, sight, rows }: Arrival,
  dead: ReadonlyMap<string, KnownNode>,
  { isIdTaken }: Pick<Knowledge, 'isIdTaken'>,
  taken: ReadonlySet<string> = NONE,
): string {
  const { device } = sight.facts
  return newNodeId(sight.facts, observation, (id) => {
    if (taken.has(id)) return true
    return (!dead.has(id) && rows.some(({ nodeId }) => nodeId === id)) || isIdTaken(device, id)
  })
}

const NONE: ReadonlySet<string> = new Set()

/**
 * Whether the row keeps its id though something else has its inode number by now. Nothing is removed from a root that is
 * away (I7), so the other thing gets an id beside it.
 */
export function keepsId(row: KnownNode, sight: PresentSight, isAway: (row: KnownNode) => boolean): boolean {
  return (!isSameThing(row, sight) || isReborn(row, sight.facts)) && isAway(row)
}

/** Sorts rows of one inode: those with its birth time come first, and among equals the one with the plain id. */
export function likeliestFirst(rows: readonly KnownNode[], facts: Facts): readonly KnownNode[] {
  if (rows.length < 2) return rows
  const plain = plainNodeId(facts.device, facts.inode)
  const doubt = (row: KnownNode) => (isReborn(row, facts) ? 2 : 0) + (row.nodeId === plain ? 0 : 1)
  return rows.toSorted((a, b) => doubt(a) - doubt(b))
}
