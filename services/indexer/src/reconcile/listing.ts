/**
 * A folder's listing against what is known of it. Nearly always they are equal, so that is settled here, entry by entry
 * and without an object for each; only what differs goes on.
 */

import type { Sight } from '../scan/sight.ts'
import { FOLDER, isSameFile, type PackedSights, sightAt } from '../scan/sights.ts'
import type { Known } from '../store/known.ts'

export type Difference = { readonly name: string; readonly sight: Sight; readonly known: Known | undefined }

export type Comparison = {
  /** Known nodes that are not listed come first, so that what was renamed inside the folder finds its row at once. */
  readonly differences: Difference[]
  /** Known folders that are where they were. */
  readonly sameFolders: Known[]
}

/**
 * @param range the folder's entries in `sights`
 * @param deviceNumber `st_dev` of the folder itself; an entry of another one is always looked at closely
 * @param isSettled false for a node that needs a closer look though it seems the same
 */
export function compareListing(
  sights: PackedSights,
  range: { readonly from: number; readonly to: number },
  known: readonly Known[],
  folder: { readonly device: string; readonly deviceNumber: bigint },
  isSettled: (row: Known) => boolean,
): Comparison {
  const missing = new Map(known.map((row) => [row.name, row]))
  const others: Difference[] = []
  const sameFolders: Known[] = []
  for (let index = range.from; index < range.to; index += 1) {
    const name = sights.names[index] as string
    const row = missing.get(name)
    missing.delete(name)
    const isHere = row?.device === folder.device && sights.ids[index * 2] === folder.deviceNumber && isSettled(row)
    if (row !== undefined && isHere && row.metadataState !== 'unreadable') {
      if (!row.isDirectory && isSameFile(sights, index, row)) continue
      if (row.isDirectory && isSameFolder(sights, index, row)) {
        sameFolders.push(row)
        continue
      }
    }
    others.push({ name, sight: sightAt(sights, index), known: row })
  }
  const gone = Array.from(
    missing.values(),
    (row): Difference => ({ name: row.name, sight: { kind: 'gone' }, known: row }),
  )
  return { differences: [...gone, ...others], sameFolders }
}

function isSameFolder(sights: PackedSights, index: number, row: Known): boolean {
  const birthTime = sights.numbers[index * 5 + 3]
  return (
    sights.kinds[index] === FOLDER && String(sights.ids[index * 2 + 1]) === row.inode && birthTime === row.birthTime
  )
}
