/** Looks whether rows are still at their places, if something that was seen elsewhere may be theirs. */
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

/**
 * What is at a place. - `elsewhere`: its folder is not at its path. - `later`: the place was not looked at. - `nowhere`: its
 * folder is not known.
 */
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
  // No folder is known for the row's place, so nothing contradicts what was seen elsewhere.
  if (found.kind === 'nowhere') return 'absent'
  if (found.kind === 'elsewhere' || found.kind === 'unreadable') {
    // A folder has one place, so it is where it was seen. A file may have two names, and this one's folder may be moving.
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

/** Asks for a look at the place of a folder that was not found there. Without a watch above, no event reports that. */
function lookForFolder({ layout, pending }: PresenceTools, folderId: string): void {
  const folder = layout.tree.get(folderId)
  if (folder?.parent == null) return
  pending.hint({ parentId: folder.parent.nodeId, name: folder.name }, 'touched', 'again')
}

/**
 * Finds files with one link that seemed to be at two places: one was seen at a place, and after that a row's place still
 * held it. Looks once more where each was seen, and gives the observations whose file is no longer there. The other files
 * have two names: a file may be mounted at a second name, and not every filesystem counts links.
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
    // If the folder is not known yet, its first listing finds the file.
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

/** Compares the device, too: the top of every ext4 is inode 2. */
function isInode(
  { layout: { devices } }: PresenceTools,
  found: Found,
  { device, inode }: { readonly device: string; readonly inode: string },
): boolean {
  return 'inode' in found && found.inode === inode && devices.nameOf(found.deviceNumber) === device
}

/** Path and identity of a folder: by the tree, or by the database if the tree does not have it. Null if neither has. */
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
