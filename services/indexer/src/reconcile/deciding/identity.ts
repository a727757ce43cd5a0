/** Which node something on disk is, where several were of its inode number, and which id it gets where none is. */
import { nameToBytes } from '@drive-feed/shared/entry-name.ts'
import { furtherNodeId, plainNodeId } from '@drive-feed/shared/node-id.ts'
import type { Facts } from '../../model/decision.ts'
import type { Known } from '../../model/known-node.ts'
import { isReborn, isSameThing, type Place, type PresentSight } from '../../model/seen.ts'
import type { Claim, Knowledge } from './plan.ts'

/** What is known of an inode number. */
export type InodeKnowledge = {
  /** Rows that have the number. */
  readonly rows: readonly Known[]
  readonly isAway: (row: Known) => boolean
  /** Whether an id is a node's that may have another number by now, as where numbers do not last. */
  readonly isIdTaken: (device: string, nodeId: string) => boolean
}

/**
 * Which of the rows of its inode a folder is, if any, and its id if none. `kept` are those that are not about it and stay.
 */
export function identifyFolder(
  sight: Extract<PresentSight, { kind: 'folder' }>,
  place: Place,
  { rows, isAway, isIdTaken }: InodeKnowledge,
): { readonly own: Known | undefined; readonly newId: () => string; readonly kept: readonly Known[] } {
  const kept = rows.filter((row) => keepsId(row, sight, isAway))
  const isTaken = (id: string) => kept.some(({ nodeId }) => nodeId === id) || isIdTaken(sight.facts.device, id)
  const own = likeliestFirst(rows, sight.facts).find((row) => isSameThing(row, sight) && !kept.includes(row))
  return { own, newId: () => newNodeId(sight.facts, place, isTaken), kept }
}

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

/** The id of the claim's new node: not in `taken`, and not of another row of its inode, unless that is dead. */
export function idOfNew(
  { seen, sight, rows }: Claim,
  dead: ReadonlyMap<string, Known>,
  { isIdTaken }: Pick<Knowledge, 'isIdTaken'>,
  taken: ReadonlySet<string> = NONE,
): string {
  const { device } = sight.facts
  return newNodeId(sight.facts, seen, (id) => {
    if (taken.has(id)) return true
    return (!dead.has(id) && rows.some(({ nodeId }) => nodeId === id)) || isIdTaken(device, id)
  })
}

const NONE: ReadonlySet<string> = new Set()

/**
 * Whether the row keeps its id though the inode number is another thing's by now: its root is away, and nothing that such
 * a root holds may be removed (I7). The other thing gets an id beside it.
 */
export function keepsId(row: Known, sight: PresentSight, isAway: (row: Known) => boolean): boolean {
  return (!isSameThing(row, sight) || isReborn(row, sight.facts)) && isAway(row)
}

/** Rows of one inode, those first that are likeliest to be about it: born with it, and then the one with the plain id. */
export function likeliestFirst(rows: readonly Known[], facts: Facts): readonly Known[] {
  if (rows.length < 2) return rows
  const plain = plainNodeId(facts.device, facts.inode)
  const doubt = (row: Known) => (isReborn(row, facts) ? 2 : 0) + (row.nodeId === plain ? 0 : 1)
  return rows.toSorted((a, b) => doubt(a) - doubt(b))
}
