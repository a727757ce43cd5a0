/**
 * A folder's listing against what is known of it. Nearly always they are equal, so that is settled here, entry by entry
 * and without an object for each; only what differs goes on.
 */
import { nameFromColumns } from '@drive-feed/shared/entry-name.ts'
import type { ListedRow } from '../../model/known-node.ts'
import type { Sight } from '../../model/sight.ts'
import { isSameFile, isSameFolder, type PackedSights, sightAt } from '../../model/sights.ts'

/** `isNew`: nothing is known at the name. */
export type Difference = { readonly name: string; readonly sight: Sight; readonly isNew: boolean }

export type SameFolder = {
  readonly nodeId: string
  readonly name: string
  readonly device: string
  readonly inode: string
}

export type Comparison = {
  /** Known nodes that are not listed come first, so that what was renamed inside the folder finds its row at once. */
  readonly differences: Difference[]
  /** Known folders that are where they were. */
  readonly sameFolders: SameFolder[]
  /** Whether anything is not as it is known; some things are looked at closely each time though they are. */
  readonly isChanged: boolean
}

/**
 * @param range the folder's entries in `sights`
 * @param folder `deviceNumber`: `st_dev` of the folder itself; an entry of another one is always looked at closely
 * @param isInLimbo for a node that needs a closer look though it seems the same
 */
export function compareListing(
  sights: PackedSights,
  range: { readonly from: number; readonly to: number },
  known: readonly ListedRow[],
  folder: { readonly device: string; readonly deviceNumber: bigint },
  isInLimbo: (nodeId: string) => boolean,
): Comparison {
  const missing = new Map<string, ListedRow>()
  for (const row of known) missing.set(nameFromColumns(row[0], row[1]), row)
  const present: Difference[] = []
  const sameFolders: SameFolder[] = []
  let isChanged = false
  for (let index = range.from; index < range.to; index += 1) {
    const name = sights.names[index] as string
    const row = missing.get(name)
    if (row !== undefined) {
      missing.delete(name)
      const [, , inode, device, size, mtime, birthTime, isDirectory, nodeId, state] = row
      // What is of another filesystem comes and goes by mounts, which are told.
      const isOfFolder = device === folder.device && sights.ids[index * 2] === folder.deviceNumber
      const isHere = isOfFolder && !isInLimbo(nodeId)
      const isFolder = isDirectory === 1
      const isSame = isFolder
        ? isSameFolder(sights, index, { inode, birthTime })
        : isSameFile(sights, index, { inode, size, mtime, birthTime })
      if (isSame && isHere && (isFolder || state !== 'unreadable')) {
        if (isFolder) sameFolders.push({ nodeId, name, device, inode })
        continue
      }
      isChanged ||= isOfFolder && !isSame
    }
    const sight = sightAt(sights, index)
    isChanged ||= row === undefined && (sight.kind === 'file' || sight.kind === 'folder')
    present.push({ name, sight, isNew: row === undefined })
  }
  isChanged ||= missing.size > 0
  const gone = Array.from(missing.keys(), (name): Difference => ({ name, sight: { kind: 'gone' }, isNew: false }))
  return { differences: [...gone, ...present], sameFolders, isChanged }
}
