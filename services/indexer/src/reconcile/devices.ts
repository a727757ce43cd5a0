/** Device numbers of this run and the stable names they stand for. */
import type { DeviceRow } from '@drive-feed/shared/schema.ts'
import type { FilesystemSigns } from '../scan/filesystem-signs.ts'
import { newDeviceName, recogniseDevice, type Sample } from './recognise-device.ts'

export type Devices = {
  /** The stable name of a number resolved before in this run, undefined otherwise. */
  readonly nameOf: (deviceNumber: string) => string | undefined
  /** The number that a device has now; its own name if it was not met in this run. */
  readonly numberOf: (device: string) => string
  /** Finds or makes the stable name of a number met at `path`. Null when the place can't be asked. */
  readonly resolve: (deviceNumber: string, path: string, sample: () => Promise<Sample>) => Promise<string | null>
  /** Whether the filesystem at `path` is still this device, by its id where it has one. */
  readonly isStill: (device: string, path: string) => Promise<boolean>
  /** Forgets a device that went away, so that it is recognised anew when it is back. */
  readonly forget: (device: string) => void
}

export function createDevices(tools: {
  readonly signs: (path: string) => Promise<FilesystemSigns | null>
  readonly rows: () => DeviceRow[]
  readonly save: (row: DeviceRow) => void
}): Devices {
  const names = new Map<string, string>()
  const numbers = new Map<string, string>()

  const bind = (device: string, signs: FilesystemSigns, before: DeviceRow | undefined) => {
    names.set(signs.deviceNumber, device)
    numbers.set(device, signs.deviceNumber)
    const { filesystemId, filesystemType, mountSource, mountRoot } = signs
    const row = { device, currentNumber: signs.deviceNumber, filesystemId, filesystemType, mountSource, mountRoot }
    if (before === undefined || JSON.stringify(before) !== JSON.stringify(row)) tools.save(row)
  }
  return {
    nameOf: (deviceNumber) => names.get(deviceNumber),
    numberOf: (device) => numbers.get(device) ?? device,
    resolve: async (deviceNumber, path, sample) => {
      const signs = await tools.signs(path)
      // Another filesystem by now: whoever asked will see it so with the next look.
      if (signs === null || signs.deviceNumber !== deviceNumber) return null
      const known = names.get(deviceNumber)
      if (known !== undefined) return known
      const rows = tools.rows()
      const found = recogniseDevice(signs, rows, await sample(), new Set(numbers.keys()))
      const device = found?.device ?? newDeviceName(deviceNumber, rows)
      bind(device, signs, found ?? undefined)
      return device
    },
    isStill: async (device, path) => {
      const signs = await tools.signs(path)
      const row = tools.rows().find((candidate) => candidate.device === device)
      if (signs === null || row === undefined) return false
      return signs.deviceNumber === row.currentNumber && signs.filesystemId === row.filesystemId
    },
    forget: (device) => {
      const number = numbers.get(device)
      numbers.delete(device)
      if (number !== undefined) names.delete(number)
    },
  }
}
