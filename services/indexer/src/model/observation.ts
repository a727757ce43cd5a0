/** An observation: a sight beside what the database knows of its place. */
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import type { Facts } from './decision.ts'
import type { KnownNode } from './known-node.ts'
import type { FileSight, FolderSight, Sight } from './sight.ts'

/**
 * Why a place was looked at.
 * - `created`: a name appeared, and no writer has closed it yet.
 * - `modified`: a program writes, or has set size or time.
 * - `written`: a writer closed it.
 * - `linked`: another name of the same inode changed.
 * - `revisited`: a program may write to it of which no event tells.
 * - `stale`: the file changed while it was read.
 * - `touched`: any other event.
 * - `scan`: a listing.
 */
export type Cause = 'created' | 'modified' | 'written' | 'linked' | 'revisited' | 'stale' | 'touched' | 'scan'

export type Place = { readonly parentId: string; readonly name: string }

/** A sight whose device number has been replaced by the device's stable name. */
export type PlacedSight =
  | { readonly kind: 'file'; readonly facts: Facts; readonly links: number }
  | { readonly kind: 'folder'; readonly facts: Facts }
  | { readonly kind: 'gone' | 'unlisted' | 'unreadable' }

export type Observation = Place & {
  readonly sight: PlacedSight
  readonly known: KnownNode | undefined
  readonly cause: Cause
}

export function placedSight(sight: Sight, stableDevice: (deviceNumber: string) => string): PlacedSight {
  if (sight.kind === 'file')
    return { kind: 'file', facts: factsOf(sight, sight.size, stableDevice), links: sight.links }
  // The size of a folder says nothing about what is in it.
  if (sight.kind === 'folder') return { kind: 'folder', facts: factsOf(sight, 0, stableDevice) }
  return { kind: sight.kind }
}

function factsOf(sight: FileSight | FolderSight, size: number, stableDevice: (number: string) => string): Facts {
  const { inode, birthTime, mtime, ctime } = sight
  const facts = { device: stableDevice(sight.deviceNumber), inode, birthTime, size, mtime, ctime }
  return 'exactMtime' in sight ? { ...facts, exactMtime: sight.exactMtime } : facts
}

export type PresentSight = Extract<PlacedSight, { facts: Facts }>

export function isPresent(sight: PlacedSight): sight is PresentSight {
  return sight.kind === 'file' || sight.kind === 'folder'
}

/** Whether it is a file with one name, as far as the filesystem counts links. */
export function hasOneName(sight: PresentSight): boolean {
  return sight.kind === 'file' && sight.links === 1
}

/**
 * Whether the row is about the very thing that was seen: the same inode of the same device, both a file or both a
 * folder, and not a new file under a reused number. A birth time shows the latter, if the filesystem has one.
 *
 * A new folder under a reused number counts as the old one: it has the same id, and what is in it is compared anyway.
 * So what moved from the old folder into the new one is still known.
 */
export function isSameThing(row: KnownNode, sight: PresentSight): boolean {
  if (!isSameInode(row, sight.facts) || row.isDirectory !== (sight.kind === 'folder')) return false
  return sight.kind === 'folder' || isSameBirth(row, sight.facts)
}

/**
 * Whether a folder that counts as the same is another one under a reused number. Then all its rows must be compared.
 */
export function isReborn(row: KnownNode, facts: Facts): boolean {
  return row.device !== '' && !isSameBirth(row, facts)
}

export function isSameInode(row: KnownNode, facts: Facts): boolean {
  if (row.device === '') return row.nodeId === plainNodeId(facts.device, facts.inode)
  return row.inode === facts.inode && row.device === facts.device
}

/** Whether two birth times can be of one inode; 0 is none. */
export function isSameBirth(one: { readonly birthTime: number }, other: { readonly birthTime: number }): boolean {
  return one.birthTime === 0 || other.birthTime === 0 || one.birthTime === other.birthTime
}

/** Whether the file's size or time differ from the row's, so that its bytes may. */
export function isRewritten(row: KnownNode, facts: Facts): boolean {
  // The original program rounded times; this one rounds them down.
  const tolerance = row.device === '' ? 1 : 0
  return row.size !== facts.size || Math.abs(row.mtime - facts.mtime) > tolerance
}

/** A place as a map key; NUL can't be in a name. */
export function placeKey({ parentId, name }: Place): string {
  return `${parentId}\0${name}`
}
