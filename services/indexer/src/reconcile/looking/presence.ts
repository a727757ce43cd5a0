/** Looks at the places of rows that something seen elsewhere may be about. */
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import { type Folder, pathOf } from '../../model/folder-tree.ts'
import type { KnownNode } from '../../model/known-node.ts'
import {
  hasOneName,
  isPresent,
  isSameBirth,
  isSameThing,
  type Observation,
  type Place,
} from '../../model/observation.ts'
import type { Sight } from '../../model/sight.ts'
import { sightAt } from '../../model/sights.ts'
import type { LookRequest } from '../../scan/look.ts'
import type { Observer } from '../../scan/observer.ts'
import type { NodeQueries } from '../../store/node-queries.ts'
import type { Presence } from '../deciding/plan.ts'
import type { Devices } from '../devices/devices.ts'
import type { Pending } from '../pending/pending.ts'
import type { Layout } from '../roots/layout.ts'

export type PresenceTools = {
  readonly layout: Layout
  readonly known: NodeQueries
  readonly look: Observer['look']
  readonly pending: Pick<Pending, 'hint'>
}

/** What is at a place. - `elsewhere`: its folder is. - `later`: it was not looked at. - `nowhere`: no folder is known. */
type Found = Sight | { readonly kind: 'elsewhere' | 'later' | 'nowhere' }

/** Looks whether rows are still at their own places. */
export async function lookAtRows(tools: PresenceTools, rows: readonly KnownNode[]): Promise<Map<string, Presence>> {
  const presences = new Map<string, Presence>()
  const [roots, others] = [rows.filter(isRootRow), rows.filter((row) => !isRootRow(row))]
  for (const row of roots) presences.set(row.nodeId, tools.layout.roots.isConfigured(row) ? 'present' : 'absent')
  for (const [row, found] of await lookAtPlaces(tools, others)) presences.set(row.nodeId, presenceOf(tools, row, found))
  return presences
}

function isRootRow({ parentId }: KnownNode): boolean {
  return parentId === SUPER_ROOT_ID
}

function presenceOf(tools: PresenceTools, row: KnownNode, found: Found): Presence {
  if (found.kind === 'later') return 'unknown'
  // Not found in the database's own tree: nothing is known that could contradict.
  if (found.kind === 'nowhere') return 'absent'
  if (found.kind === 'elsewhere' || found.kind === 'unreadable') {
    // A folder can't be at two places, a hard link can. That one's folder may be on the way.
    if (row.isDirectory) return 'absent'
    return found.kind === 'elsewhere' ? 'unknown' : 'unreadable'
  }
  return isThingOf(tools, found, row) ? 'present' : 'absent'
}

async function lookAtPlaces<P extends Place>(
  tools: PresenceTools,
  places: readonly P[],
): Promise<ReadonlyMap<P, Found>> {
  const found = new Map<P, Found>(places.map((place) => [place, { kind: 'nowhere' }]))
  const groups: { readonly siblings: readonly P[]; readonly request: LookRequest }[] = []
  for (const [parentId, siblings] of Map.groupBy(places, (place) => place.parentId)) {
    const address = addressOf(tools, parentId)
    const names = siblings.map(({ name }) => name)
    if (address !== null) groups.push({ siblings, request: { ...address, names, inotifyFd: null } })
  }
  if (groups.length === 0) return found
  const { answers, sights } = await tools.look(groups.map(({ request }) => request))
  for (const [at, answer] of answers.entries()) {
    if (answer.kind === 'elsewhere') lookForFolder(tools, groups[at]?.siblings[0]?.parentId ?? '')
    for (const [offset, place] of (groups[at]?.siblings ?? []).entries()) {
      found.set(place, answer.kind === 'seen' ? sightAt(sights, answer.from + offset) : answer)
    }
  }
  return found
}

/** A folder that is not where it should be: nothing may have told, where it is not watched what is in the one above. */
function lookForFolder({ layout, pending }: PresenceTools, folderId: string): void {
  const folder = layout.tree.get(folderId)
  if (folder?.parent == null) return
  pending.hint({ parentId: folder.parent.nodeId, name: folder.name }, 'touched', 'again')
}

/**
 * Files with one name that are at two places, as it seems: seen at one, and then a row's place still held them. Gives
 * those that are not where they were seen any more when that is looked at once more, after the row's place. The others
 * have two names indeed: a file may be mounted at another one, and not every filesystem counts links.
 *
 * @param holding rows whose places hold them
 */
export async function findPassing(
  tools: PresenceTools,
  observations: readonly Observation[],
  holding: readonly KnownNode[],
): Promise<ReadonlySet<Observation>> {
  if (holding.length === 0) return new Set()
  const held = new Set(holding.map(inodeKey))
  const doubtful = observations.filter(({ sight, known }) => {
    if (!isPresent(sight) || !hasOneName(sight) || !held.has(inodeKey(sight.facts))) return false
    return known === undefined || !isSameThing(known, sight)
  })
  const passing = new Set<Observation>()
  for (const [observation, found] of await lookAtPlaces(tools, doubtful)) {
    // Where no folder is known yet, it is listed when it is.
    if (!isPresent(observation.sight) || !isInode(tools, found, observation.sight.facts)) passing.add(observation)
  }
  return passing
}

function inodeKey({ device, inode }: { readonly device: string; readonly inode: string }): string {
  return `${device}:${inode}`
}

function isThingOf(tools: PresenceTools, found: Found, row: KnownNode): boolean {
  if (!isInode(tools, found, row)) return false
  if (row.isDirectory) return found.kind === 'folder'
  return found.kind === 'file' && isSameBirth(row, found)
}

/** The inode alone says little: the top of every ext4 is inode 2. */
function isInode(
  { layout: { devices } }: PresenceTools,
  found: Found,
  { device, inode }: { readonly device: string; readonly inode: string },
): boolean {
  return 'inode' in found && found.inode === inode && devices.nameOf(found.deviceNumber) === device
}

/** Path and identity of a folder, of the tree where it is there, otherwise as the database has it. */
function addressOf(tools: PresenceTools, nodeId: string): Pick<LookRequest, 'path' | 'expected'> | null {
  const { tree, devices } = tools.layout
  const folder = tree.get(nodeId)
  if (folder !== undefined) return folderAddress(devices, folder)
  const row = tools.known.byId(nodeId)
  const path = tools.known.pathOf(nodeId)
  if (row === undefined || path === null) return null
  return { path, expected: { deviceNumber: devices.numberOf(row.device), inode: row.inode } }
}

export function folderAddress(devices: Devices, folder: Folder): Pick<LookRequest, 'path' | 'expected'> {
  const { device, inode } = folder
  return { path: pathOf(folder), expected: { deviceNumber: devices.numberOf(device), inode } }
}
