/** Device numbers of this run and the stable names they stand for. */
import type { DeviceRow } from '@drive-feed/shared/schema.ts'
import type { FilesystemSigns } from '../../scan/filesystem-signs.ts'
import { type NumberKind, numberKind } from './number-kind.ts'
import { areSubvolumes, hasOtherNumbers, newDeviceName, recogniseDevice, type Sample } from './recognise-device.ts'

export type Devices = {
  /** The stable name of a number that was resolved in this run; undefined for any other. */
  readonly nameOf: (deviceNumber: string) => string | undefined
  /** The number that a device has now; the device's name if it was not met in this run. */
  readonly numberOf: (device: string) => string
  /** Finds or makes the stable name of a number that was met at `path`. Null if the path can't be looked at. */
  readonly resolve: (deviceNumber: string, path: string, sample: () => Promise<Sample | null>) => Promise<string | null>
  /** Whether both are subvolumes in one mount of btrfs: one that is missing was deleted, not unmounted. */
  readonly isSubvolumeOf: (device: string, other: string) => boolean
  /** Type of its filesystem, as in /proc/self/mountinfo; empty if it is not known. */
  readonly typeOf: (device: string) => string
  /** Forgets every number whose path shows another filesystem by now. Call when something was mounted or unmounted. */
  readonly confirm: () => Promise<void>
  /** Whether inode numbers on the device survive a mount. */
  readonly numberKind: (device: string) => NumberKind
  /** Whether the database may still have inode numbers of an earlier mount of the device. */
  readonly isDoubtful: (device: string) => boolean
  /** The kernel reported an unmount: what is there next is another mount, even if it looks the same. */
  readonly unmounted: (device: string) => void
  /** The devices for which `isDoubtful` is true. */
  readonly doubtful: () => readonly string[]
  /** Every row of the device was compared with the disk: all its inode numbers are of the present mount. */
  readonly compared: (device: string) => void
}

/** A number and the device it stands for, as long as `path` still shows the same. */
type Binding = {
  readonly device: string
  readonly path: string
  readonly signs: FilesystemSigns
  readonly numbers: NumberKind
  isDoubtful: boolean
  isUnmounted: boolean
}

export type DevicesTools = {
  readonly signs: (path: string) => Promise<FilesystemSigns | null>
  readonly rows: () => DeviceRow[]
  readonly save: (row: DeviceRow) => void
  /** The device is mounted anew: its inode numbers count only after its rows were compared with the disk. */
  readonly onDoubt: (device: string, numbers: NumberKind) => void
}

/**
 * The kernel reuses a device number as soon as it is free: for the next filesystem that is mounted, or for a new btrfs
 * subvolume, which comes without a mount. So a number is confirmed wherever a path crosses into it.
 */
export function createDevices(tools: DevicesTools): Devices {
  const byNumber = new Map<string, Binding>()
  const byDevice = new Map<string, Binding>()

  const unbind = (binding: Binding) => {
    byNumber.delete(binding.signs.deviceNumber)
    byDevice.delete(binding.device)
  }
  const bind = (device: string, path: string, signs: FilesystemSigns, rows: readonly DeviceRow[], sample: Sample) => {
    const before = rows.find((candidate) => candidate.device === device)
    const isContradicted = before !== undefined && (!before.numbersLast || hasOtherNumbers(sample, before))
    const numbers = isContradicted ? 'passing' : numberKind(signs.filesystemType)
    const isSameMount = before === undefined || (signs.mountedAs !== '' && before.mountedAs === signs.mountedAs)
    const binding: Binding = { device, path, signs, numbers, isDoubtful: !isSameMount, isUnmounted: false }
    byNumber.set(signs.deviceNumber, binding)
    byDevice.set(device, binding)
    const row = rowOf(binding)
    if (before === undefined || JSON.stringify(before) !== JSON.stringify(row)) tools.save(row)
    if (binding.isDoubtful) tools.onDoubt(device, numbers)
  }
  const isStillThere = async ({ path, signs, isUnmounted }: Binding) => {
    const now = await tools.signs(path)
    return !isUnmounted && now !== null && JSON.stringify(now) === JSON.stringify(signs)
  }
  const isStill = async (binding: Binding, now: FilesystemSigns) => {
    const { filesystemId } = binding.signs
    // If inode numbers are passing, the same filesystem is not enough: it must be the same mount.
    const isEnough = binding.numbers === 'lasting' && filesystemId !== '' && now.filesystemId !== ''
    return isEnough ? filesystemId === now.filesystemId : isStillThere(binding)
  }
  /** The known device that has these signs and is mounted nowhere else; null if there is none. */
  const recognise = async (signs: FilesystemSigns, rows: readonly DeviceRow[], sample: Sample) => {
    const elsewhere = new Set<string>()
    for (;;) {
      const found = recogniseDevice(signs, rows, sample, elsewhere)
      const binding = found === null ? undefined : byDevice.get(found.device)
      if (binding === undefined) return found
      if (await isStillThere(binding)) elsewhere.add(binding.device)
      else unbind(binding)
    }
  }
  return {
    nameOf: (deviceNumber) => byNumber.get(deviceNumber)?.device,
    numberOf: (device) => byDevice.get(device)?.signs.deviceNumber ?? device,
    resolve: async (deviceNumber, path, sample) => {
      const signs = await tools.signs(path)
      // The path shows another filesystem by now. The next look sees that one.
      if (signs === null || signs.deviceNumber !== deviceNumber) return null
      const bound = byNumber.get(deviceNumber)
      if (bound !== undefined && (await isStill(bound, signs))) return bound.device
      if (bound !== undefined) unbind(bound)
      const rows = tools.rows()
      const sampled = await sample()
      if (sampled === null) return null
      const found = await recognise(signs, rows, sampled)
      const device = found?.device ?? newDeviceName(deviceNumber, rows)
      bind(device, path, signs, rows, sampled)
      return device
    },
    isSubvolumeOf: (device, other) => {
      const rows = tools.rows()
      const [one, two] = [device, other].map((name) => rows.find((row) => row.device === name))
      return one !== undefined && two !== undefined && areSubvolumes(one, two)
    },
    typeOf: (device) => tools.rows().find((row) => row.device === device)?.filesystemType ?? '',
    confirm: async () => {
      for (const binding of [...byNumber.values()]) if (!(await isStillThere(binding))) unbind(binding)
    },
    // Nothing is sure about a device that is not there. A row of the original program has no device yet.
    numberKind: (device) => byDevice.get(device)?.numbers ?? (device === '' ? 'lasting' : 'passing'),
    isDoubtful: (device) => byDevice.get(device)?.isDoubtful ?? device !== '',
    unmounted: (device) => {
      const binding = byDevice.get(device)
      if (binding !== undefined) binding.isUnmounted = true
    },
    doubtful: () => [...byDevice.values()].filter(({ isDoubtful }) => isDoubtful).map(({ device }) => device),
    compared: (device) => {
      const binding = byDevice.get(device)
      if (binding === undefined) return
      binding.isDoubtful = false
      tools.save(rowOf(binding))
    },
  }
}

/** Leaves the present mount out while the device is doubtful, so that the next start compares again. */
function rowOf({ device, signs, numbers, isDoubtful }: Binding): DeviceRow {
  const { deviceNumber: currentNumber, filesystemId, filesystemType, mountSource, mountRoot } = signs
  const identity = { device, currentNumber, filesystemId, filesystemType, mountSource, mountRoot }
  return { ...identity, numbersLast: numbers === 'lasting', mountedAs: isDoubtful ? '' : signs.mountedAs }
}
