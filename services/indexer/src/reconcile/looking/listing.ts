/**
 * Compares a folder's listing with the rows of its children. The two are nearly always equal, so an equal entry costs no
 * object, and only differences go on. In a first scan nearly every entry is a plain new file, which costs none either.
 */
import { nameFromColumns } from '@drive-feed/shared/entry-name.ts'
import type { ListedRow } from '../../model/known-node.ts'
import type { Sight } from '../../model/sight.ts'
import { isPlainFile, isSameFile, isSameFolder, nameAt, type PackedSights, sightAt } from '../../model/sights.ts'

/** `isNew`: no row has the name. */
export type Difference = { readonly name: string; readonly sight: Sight; readonly isNew: boolean }

export type SameFolder = {
  readonly nodeId: string
  readonly name: string
  readonly device: string
  readonly inode: string
}

export type Comparison = {
  /** Rows that are not listed come first, so that a file that was renamed inside the folder meets its own row. */
  readonly differences: Difference[]
  /** Known folders that are at their places. */
  readonly sameFolders: SameFolder[]
  /** Indexes of plain files whose names no row has. They are not among the differences. */
  readonly newFiles: number[]
  /** Whether the folder changed. A difference need not be a change: some entries are looked at closely each time. */
  readonly isChanged: boolean
}

/**
 * @param range the folder's entries in `sights`
 * @param folder `deviceNumber`: `st_dev` of the folder itself; an entry with another one is always looked at closely
 *   `changedBeforeMs`: a plain file that was changed last before this is a plain new one; absent if none is
 * @param isInLimbo whether a node is looked at closely even if it seems the same
 */
export function compareListing(
  sights: PackedSights,
  range: { readonly from: number; readonly to: number },
  known: readonly ListedRow[],
  folder: { readonly device: string; readonly deviceNumber: bigint; readonly changedBeforeMs?: number | undefined },
  isInLimbo: (nodeId: string) => boolean,
): Comparison {
  const missing = new Map<string, ListedRow>()
  for (const row of known) missing.set(nameFromColumns(row[0], row[1]), row)
  const present: Difference[] = []
  const sameFolders: SameFolder[] = []
  const newFiles: number[] = []
  let isChanged = false
  for (let index = range.from; index < range.to; index += 1) {
    const name = nameAt(sights, index)
    const row = missing.get(name)
    if (row !== undefined) {
      missing.delete(name)
      const [, , inode, device, size, mtime, birthTime, isDirectory, nodeId, state] = row
      // What is of another filesystem comes and goes by mounts, which are reported by themselves.
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
    } else if (isPlainFile(sights, index, folder.deviceNumber, folder.changedBeforeMs ?? Number.NEGATIVE_INFINITY)) {
      newFiles.push(index)
      continue
    }
    const sight = sightAt(sights, index)
    isChanged ||= row === undefined && (sight.kind === 'file' || sight.kind === 'folder')
    present.push({ name, sight, isNew: row === undefined })
  }
  isChanged ||= missing.size > 0 || newFiles.length > 0
  const gone = Array.from(missing.keys(), (name): Difference => ({ name, sight: { kind: 'gone' }, isNew: false }))
  return { differences: [...gone, ...present], sameFolders, newFiles, isChanged }
}
