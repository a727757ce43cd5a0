/**
 * Adds the new files of listings. Those of which nothing is known need no deciding: no row has the place, as the listing
 * was compared with the rows, and none has the inode, so that nothing can have moved there.
 */
import type { MetadataDue } from '../../model/decision.ts'
import type { Folder } from '../../model/folder-tree.ts'
import type { NewFiles } from '../../model/new-files.ts'
import { nameAt, type PackedSights, plainFileAt, sightAt } from '../../model/sights.ts'
import type { NodeQueries } from '../../store/node-queries.ts'
import type { RawObservation } from '../looking/sight-reader.ts'
import type { Pending } from '../pending/pending.ts'
import type { NewFilesTools } from './tools.ts'

/** Plain files of a folder whose names no row has, as indexes of the sights. */
export type FoundFiles = {
  readonly folder: Folder
  readonly indexes: readonly number[]
  readonly awaiting: MetadataDue
}

export type AddFilesTools = {
  readonly pending: {
    readonly limbo: Pick<Pending['limbo'], 'has' | 'isEmpty'>
    readonly writers: Pick<Pending['writers'], 'areAny' | 'streak'>
  }
  readonly known: Pick<NodeQueries, 'inodesWithNames'>
  readonly clock: { readonly nowMs: () => number }
  readonly newFiles: Pick<NewFilesTools, 'add'>
}

/** Adds what can be added. Gives the files that something is known of, to be decided about. */
export function addFiles(
  tools: AddFilesTools,
  found: readonly FoundFiles[],
  sights: PackedSights,
): readonly RawObservation[] {
  const left: RawObservation[] = []
  const isKnown = inodesKnown(tools, found, sights)
  const added: NewFiles[] = []
  for (const { folder, indexes, awaiting } of found) {
    const isLeft = (index: number) =>
      isKnown(index) || isInLimbo(tools, folder, sights, index) || isBeingWritten(tools, folder, sights, index)
    const plain = indexes.filter((index) => !isLeft(index))
    if (plain.length > 0) {
      added.push({ parentId: folder.nodeId, device: folder.device, sights, indexes: plain, awaiting })
    }
    if (plain.length === indexes.length) continue
    for (const index of indexes) if (isLeft(index)) left.push(observationOf(folder, sights, index))
  }
  if (added.length > 0) tools.newFiles.add(added)
  return left
}

/**
 * Tells of which files the inode has a row, or may have one, or was seen at two places: a file with one name may have moved
 * between the looks.
 */
function inodesKnown(
  { known }: AddFilesTools,
  found: readonly FoundFiles[],
  { ids }: PackedSights,
): (index: number) => boolean {
  const inodes: string[] = []
  for (const { indexes } of found) for (const index of indexes) inodes.push(String(ids[index * 2 + 1]))
  const withNames = known.inodesWithNames(inodes)
  const twice = new Set<string>()
  if (new Set(inodes).size < inodes.length) {
    const once = new Set<string>()
    for (const inode of inodes) {
      if (once.has(inode)) twice.add(inode)
      once.add(inode)
    }
  }
  if (withNames.size === 0 && twice.size === 0) return () => false
  return (index) => {
    const inode = String(ids[index * 2 + 1])
    return withNames.has(inode) || twice.has(inode)
  }
}

/** Limbo may still have a row of the file's id: it was removed with a folder above, and its inode number is used again. */
function isInLimbo(
  { pending: { limbo } }: AddFilesTools,
  { device }: Folder,
  sights: PackedSights,
  index: number,
): boolean {
  return !limbo.isEmpty() && limbo.has(plainFileAt(sights, index, device).nodeId)
}

function isBeingWritten(
  { pending: { writers }, clock }: AddFilesTools,
  folder: Folder,
  sights: PackedSights,
  index: number,
): boolean {
  if (!writers.areAny()) return false
  const place = { parentId: folder.nodeId, name: nameAt(sights, index) }
  return writers.streak(place, String(sights.ids[index * 2 + 1]), clock.nowMs()) !== null
}

function observationOf(folder: Folder, sights: PackedSights, index: number): RawObservation {
  const name = nameAt(sights, index)
  return { folder, name, sight: sightAt(sights, index), cause: 'scan', known: undefined }
}
