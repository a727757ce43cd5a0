/** Recognising a filesystem whose device number may have changed since it was last seen. Pure. */
import type { DeviceRow } from '@drive-feed/shared/schema.ts'
import type { FilesystemSigns } from '../scan/filesystem-signs.ts'

/** How the nodes that are known at the place fare when looked for there now. */
export type Sample = {
  /** Device of the node known at the place, empty if none is known. */
  readonly device: string
  /** Whether that node's inode number is the place's now. */
  readonly isSameInode: boolean
  /** Known children looked for, and those found with the same inode (and, of files, size and time). */
  readonly looked: number
  readonly matched: number
}

/**
 * The known device that this is, null for one never seen.
 *
 * A filesystem id settles it where both have one. Otherwise what is known at the place must be found there again: the
 * inode of the top (which is always 2 on ext4, so it says little alone) and most of a sample below it.
 *
 * @param bound devices that are another mounted filesystem's in this run: one device has one number at a time
 */
export function recogniseDevice(
  signs: FilesystemSigns,
  candidates: readonly DeviceRow[],
  sample: Sample,
  bound: ReadonlySet<string>,
): DeviceRow | null {
  const free = candidates.filter((candidate) => !bound.has(candidate.device))
  const byId = free.find((candidate) => signs.filesystemId !== '' && candidate.filesystemId === signs.filesystemId)
  if (byId !== undefined) return byId
  const unsettled = free.filter((candidate) => candidate.filesystemId === '' || signs.filesystemId === '')
  const here = unsettled.find((candidate) => candidate.device === sample.device)
  if (here !== undefined && sample.isSameInode) {
    if (sample.looked > 0) return sample.matched * 2 >= sample.looked ? here : null
    if (looksAlike(signs, here)) return here
  }
  const byNumber = unsettled.find(
    (candidate) => candidate.currentNumber === signs.deviceNumber && looksAlike(signs, candidate),
  )
  if (byNumber === undefined) return null
  return sample.device === byNumber.device && sample.looked > 0 && sample.matched === 0 ? null : byNumber
}

/** The stable name for a device never seen: its number, unless another filesystem had that before. */
export function newDeviceName(deviceNumber: string, candidates: readonly DeviceRow[]): string {
  const taken = new Set(candidates.map((candidate) => candidate.device))
  let name = deviceNumber
  for (let copy = 2; taken.has(name); copy += 1) name = `${deviceNumber}.${copy}`
  return name
}

function looksAlike(signs: FilesystemSigns, device: DeviceRow): boolean {
  return (
    signs.filesystemType === device.filesystemType &&
    signs.mountSource === device.mountSource &&
    signs.mountRoot === device.mountRoot
  )
}
