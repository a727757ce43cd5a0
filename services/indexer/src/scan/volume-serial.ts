/**
 * The serial number of a FAT, exFAT or NTFS volume, read from its first sector. A filesystem through FUSE does not
 * report it, and two sticks may hold the same names, sizes and times. In a container the device may be hidden; then
 * there is no serial.
 */
import { closeSync, openSync, readSync } from 'node:fs'

/** For each format: where the boot sector names it, and where the serial number is. Bytes. */
const FORMATS = [
  { mark: 'EXFAT   ', markAt: 3, serialAt: 100, length: 4 },
  { mark: 'NTFS    ', markAt: 3, serialAt: 72, length: 8 },
  { mark: 'FAT32   ', markAt: 82, serialAt: 67, length: 4 },
  { mark: 'FAT1', markAt: 54, serialAt: 39, length: 4 },
] as const

const SECTOR_BYTES = 512

/** The serial in hex, behind the format; empty if `device` is no such volume, or can't be read. */
export function volumeSerial(device: string): string {
  if (!device.startsWith('/dev/')) return ''
  let fd: number | undefined
  try {
    fd = openSync(device, 'r')
    const sector = Buffer.alloc(SECTOR_BYTES)
    return readSync(fd, sector, 0, SECTOR_BYTES, 0) === SECTOR_BYTES ? serialIn(sector) : ''
  } catch {
    return ''
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** @param sector the first sector of a volume */
export function serialIn(sector: Buffer): string {
  for (const { mark, markAt, serialAt, length } of FORMATS) {
    if (sector.toString('latin1', markAt, markAt + mark.length) !== mark) continue
    const serial = Buffer.from(sector.subarray(serialAt, serialAt + length)).reverse()
    return `${mark.trim().toLowerCase()}-${serial.toString('hex')}`
  }
  return ''
}
