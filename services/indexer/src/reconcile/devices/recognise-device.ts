/** Recognises a filesystem whose device number may have changed since it was last seen. Pure. */
import type { DeviceRow } from '@drive-feed/shared/schema.ts'
import type { FilesystemSigns } from '../../scan/filesystem-signs.ts'
import { numberKind } from './number-kind.ts'

/** How many of the nodes that are known at a place a look finds there. */
export type Sample = {
  /** Device of the node known at the place, empty if none is known. */
  readonly device: string
  /** Whether that node's inode number and birth time are the place's now. */
  readonly isSameTop: boolean
  /** Known children looked for, and those found with the same inode (and, of files, size and time). */
  readonly looked: number
  readonly matched: number
  /** Known files below (folders, if no file is known) looked for, and those found with the same path, size and time. */
  readonly placesLooked: number
  readonly placed: number
}

/**
 * The known device that this is, null for one never seen.
 *
 * If both have a filesystem id, the id decides. Of clones, which have the same id, it is the one known at the place or
 * under the number. Without ids, what is known at the place must be found there again: the top, and most of a sample below
 * it. The top alone says little, since it is inode 2 on every ext4.
 *
 * @param elsewhere devices that are mounted under another number now: one device has one number at a time
 */
export function recogniseDevice(
  signs: FilesystemSigns,
  candidates: readonly DeviceRow[],
  sample: Sample,
  elsewhere: ReadonlySet<string>,
): DeviceRow | null {
  const free = candidates.filter((candidate) => !elsewhere.has(candidate.device))
  const twins = free.filter((candidate) => signs.filesystemId !== '' && candidate.filesystemId === signs.filesystemId)
  const hasNumber = (candidate: DeviceRow) => candidate.currentNumber === signs.deviceNumber
  const isHere = (candidate: DeviceRow) => candidate.device === sample.device
  const passes = numberKind(signs.filesystemType) === 'passing'
  const isFoundAgain = passes ? isFoundByPlace(sample) : isFoundByNumber(sample)
  if (twins.length > 0)
    return (isFoundAgain ? twins.find(isHere) : undefined) ?? twins.find(hasNumber) ?? twins[0] ?? null
  const withoutId = free.filter((candidate) => candidate.filesystemId === '' || signs.filesystemId === '')
  const here = withoutId.find(isHere)
  // Every camera card has the same folders, with the same numbers: only files tell one from another.
  if (passes) return here !== undefined && (isFoundAgain || isSameSource(sample, signs, here)) ? here : null
  if (here !== undefined && isFoundAgain && (sample.looked > 0 || looksAlike(signs, here))) return here
  if (here !== undefined && isFoundByPlace(sample) && looksAlike(signs, here)) return here
  const isNothingFound = sample.looked > 0 && sample.matched === 0 && !isFoundByPlace(sample)
  const byNumber = withoutId.filter((candidate) => hasNumber(candidate) && looksAlike(signs, candidate))
  return byNumber.find((candidate) => !(isNothingFound && isHere(candidate))) ?? null
}

function isFoundByNumber({ isSameTop, matched, looked }: Sample): boolean {
  return isSameTop && matched * 2 >= looked
}

/** Whether most of what is known below is there, by path, size and time. */
function isFoundByPlace({ placesLooked, placed }: Sample): boolean {
  return placesLooked > 0 && placed * 2 >= placesLooked
}

/** A name such as /dev/sdb1 may be another stick's when it is next plugged in. A pool or a share keeps its name. */
function isSameSource({ placesLooked }: Sample, signs: MountSigns, here: DeviceRow): boolean {
  return looksAlike(signs, here) && (placesLooked === 0 || !signs.mountSource.startsWith('/dev/'))
}

/** Whether the known nodes are there under other inode numbers: then numbers do not last, whatever the type says. */
export function hasOtherNumbers(sample: Sample, { device }: DeviceRow): boolean {
  return sample.device === device && sample.looked > 0 && sample.matched === 0 && isFoundByPlace(sample)
}

/** The stable name for a device never seen: its number, unless another filesystem had that before. */
export function newDeviceName(deviceNumber: string, candidates: readonly DeviceRow[]): string {
  const taken = new Set(candidates.map((candidate) => candidate.device))
  let name = deviceNumber
  for (let copy = 2; taken.has(name); copy += 1) name = `${deviceNumber}.${copy}`
  return name
}

type MountSigns = Pick<DeviceRow, 'filesystemType' | 'mountSource' | 'mountRoot'>

/**
 * Whether two devices are subvolumes of one btrfs, seen through one mount. The mount's source alone would say little:
 * `/dev/sdb1` is another disk after the next reboot. Of `f_fsid` one half is the filesystem's, the other is mixed with the
 * subvolume's number (btrfs_statfs of the kernel).
 */
export function areSubvolumes(one: DeviceRow, other: DeviceRow): boolean {
  const half = ({ filesystemId }: DeviceRow) => filesystemId.slice(-8)
  return one.filesystemType === 'btrfs' && half(one) !== '' && half(one) === half(other) && looksAlike(one, other)
}

/** Whether type, source and root of the mounts are the same. */
function looksAlike(one: MountSigns, other: MountSigns): boolean {
  return (
    one.filesystemType === other.filesystemType &&
    one.mountSource === other.mountSource &&
    one.mountRoot === other.mountRoot
  )
}
