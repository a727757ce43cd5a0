/** Makes plans of sights and rows, with what a test does not care about filled in. */
import { nameToBytes } from '@drive-feed/shared/entry-name.ts'
import { furtherNodeId } from '@drive-feed/shared/node-id.ts'
import { DEVICE, fileRow, folderRow } from '../../../../../../test/support/rows.ts'
import type { KnownNode } from '../../../model/known-node.ts'
import { type Cause, isSameInode, type Observation, type PlacedSight } from '../../../model/observation.ts'
import { decide } from '../decide.ts'
import { emptyPlan, type Knowledge, type Plan, type Presence } from '../plan.ts'

export const TOP = folderRow(1, 'above', 'top')
export const OTHER = folderRow(2, 'above', 'other')
export const AWAITING = { state: 'fresh', dueMs: 7 } as const

export type World = {
  rows?: readonly KnownNode[]
  /** Rows whose time in limbo is over. */
  due?: readonly KnownNode[]
  /** Some of `due`: they have waited too long. */
  overdue?: readonly KnownNode[]
  /** Rows in a root that is away. */
  away?: readonly KnownNode[]
  presence?: (row: KnownNode) => Presence
  /** Whether inode numbers do not last. */
  numbersPass?: boolean
  /** Rows whose number was not seen since the filesystem was mounted. */
  doubtful?: readonly KnownNode[]
}

export function knowledgeOf(world: World): Knowledge {
  const { rows = [], due = [], overdue = [], away = [], presence = () => 'unknown' } = world
  const byId = new Map(rows.map((row) => [row.nodeId, row]))
  return {
    rowsOf: (facts) => rows.filter((row) => isSameInode(row, facts)),
    presenceOf: presence,
    ends: {
      mayRemove: new Set(due.map((row) => row.nodeId)),
      mustRemove: new Set(overdue.map((row) => row.nodeId)),
    },
    parentOf: (folderId) => (folderId === 'above' ? null : byId.get(folderId)?.parentId),
    isAway: (row) => away.includes(row),
    hasChildren: (folderId) => rows.some((row) => row.parentId === folderId),
    numbersLast: () => !world.numbersPass,
    carriesHash: (row) => world.doubtful?.includes(row) !== true,
    isIdTaken: (_device, nodeId) => world.numbersPass === true && byId.has(nodeId),
    awaiting: () => AWAITING,
  }
}

/** A sight at a row's place. */
export function at(row: KnownNode, sight: PlacedSight, cause: Cause = 'touched'): Observation {
  return { parentId: row.parentId, name: row.name, known: row, sight, cause }
}

/** A sight at a place without a row. */
export function fresh(parent: KnownNode, name: string, sight: PlacedSight, cause: Cause = 'touched'): Observation {
  return { parentId: parent.nodeId, name, known: undefined, sight, cause }
}

export function planOf(world: World, ...observations: readonly Observation[]): Plan {
  return decide(observations, knowledgeOf({ ...world, rows: [TOP, OTHER, ...(world.rows ?? [])] }))
}

/** The decisions in short: their kinds, the beginnings of ids, the names. */
export function short(plan: Plan): string[] {
  return plan.decisions.map((decision) => {
    const name = 'name' in decision ? ` ${decision.name}` : ''
    return `${decision.kind} ${decision.nodeId.slice(0, 4)}${name}`
  })
}

export function idOf(row: KnownNode): string {
  return row.nodeId.slice(0, 4)
}

export function limboOf(plan: Plan): [string, boolean][] {
  return plan.toLimbo.map(({ row, blocks }) => [row.name, blocks])
}

export function againOf(plan: Plan): string[] {
  return plan.again.map(({ name }) => name)
}

export const EMPTY = emptyPlan()

export const a = fileRow(10, TOP.nodeId, 'a')
export const b = fileRow(11, TOP.nodeId, 'b')
export const c = fileRow(12, TOP.nodeId, 'c')
export const folder = folderRow(20, TOP.nodeId, 'folder')

/** The id of a further name of inode 10 in `TOP`. */
export const link = (name: string, attempt = 0) => furtherNodeId(DEVICE, '10', TOP.nodeId, nameToBytes(name), attempt)

/** The id of something in `OTHER` whose plain id another node has. */
export const beside = (inode: number, name: string) =>
  furtherNodeId(DEVICE, String(inode), OTHER.nodeId, nameToBytes(name), 0)
