/** Plans which node a root's folder is, and what to write for that. Pure. */
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { Decision } from '../../model/decision.ts'
import type { KnownNode } from '../../model/known-node.ts'
import { isReborn, type PlacedSight, placedSight } from '../../model/observation.ts'
import type { FolderSight } from '../../model/sight.ts'
import { type InodeKnowledge, identifyFolder } from '../deciding/identity.ts'
import type { KnownRoot } from './root.ts'

/** What a root's folder may be: rows with its inode number, and the row that the root had before. */
export type RootKnowledge = InodeKnowledge & { readonly before: Pick<KnownRoot, 'nodeId'> | null }

export type RootPlan = {
  readonly nodeId: string
  readonly decisions: readonly Decision[]
}

/**
 * Makes the folder that was found the root's node. The folder may have been in another root before. Its inode number may be
 * one of something that is gone, or of something in a root that is away, which keeps its row (I7).
 */
export function planRoot(
  name: string,
  { folder, device }: { readonly folder: FolderSight; readonly device: string },
  { before, rows, isAway, isIdTaken }: RootKnowledge,
): RootPlan {
  const place = { parentId: SUPER_ROOT_ID, name }
  const sight = placedSight(folder, () => device) as Extract<PlacedSight, { kind: 'folder' }>
  const { facts } = sight
  const isAwayElsewhere = (row: KnownNode) => row.nodeId !== before?.nodeId && isAway(row)
  const { own: likeliest, newId, kept } = identifyFolder(sight, place, { rows, isAway: isAwayElsewhere, isIdTaken })
  const mine = rows.find((row) => row.nodeId === before?.nodeId)
  const own = mine?.birthTime === likeliest?.birthTime ? mine : likeliest
  const nodeId = own?.nodeId ?? newId()
  const decisions: Decision[] = rows
    .filter((row) => !row.isDirectory && !kept.includes(row))
    .map((row) => ({ kind: 'remove', nodeId: row.nodeId }))
  const at = { nodeId, ...place, isDirectory: true }
  if (own === undefined) {
    decisions.push({ kind: 'create', ...at, facts, awaiting: { state: 'ready', dueMs: 0 }, copyOf: null })
  } else {
    const isMoved = own.parentId !== place.parentId || own.name !== name
    if (isMoved) decisions.push({ kind: 'move', ...at, ctime: facts.ctime })
    // Clients see the times, and only a move gives them new ones.
    const { mtime, ctime } = isMoved ? facts : own
    if (own.device === '' || isReborn(own, facts)) {
      decisions.push({ kind: 'adopt', nodeId, facts: { ...facts, mtime, ctime } })
    }
  }
  if (before !== null && before.nodeId !== nodeId) decisions.push({ kind: 'remove', nodeId: before.nodeId })
  return { nodeId, decisions }
}
