/** The signs by which a filesystem is recognised when its device number has changed. */
import { randomUUID } from 'node:crypto'
import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { pathForFs } from '@drive-feed/shared/entry-name.ts'
import { type FileStats, statsAt } from '@drive-feed/shared/file-stats.ts'
import koffi from 'koffi'
import { mountIdOf } from '../posix/statx.ts'
import { parseMountinfo, readMountinfo } from './mountinfo.ts'
import { volumeSerial } from './volume-serial.ts'

export type FilesystemSigns = {
  /** `st_dev` now, decimal. */
  readonly deviceNumber: string
  /**
   * `f_fsid` in hex. If that says nothing (it is zero or repeats the device number): the filesystem's UUID. Empty if
   * the kernel gives neither.
   */
  readonly filesystemId: string
  readonly filesystemType: string
  readonly mountSource: string
  readonly mountRoot: string
  /** Inode and birth time of the place itself. */
  readonly top: string
  /** The mount's number, which may be used again once it is free; empty if the kernel does not give it (before 5.8). */
  readonly mountId: string
  /** Distinguishes this mount from every other one of this and other boots; empty if the kernel can't (before 6.8). */
  readonly mountedAs: string
}

// struct statfs of statfs(2) on 64-bit Linux: f_type, f_bsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree, f_fsid,
// f_namelen, f_frsize, f_flags, f_spare[4].
const STATFS_BYTES = 120
const FSID_AT = 56

const libc = koffi.load('libc.so.6')
const statfsCall = libc.func('int statfs(const char *path, _Out_ void *buffer)')

// FS_IOC_GETFSUUID of linux/fs.h (since 6.9): struct fsuuid2 { u8 len; u8 uuid[16]; }.
const GET_UUID = 0x80111500
const UUID_BYTES = 17
const ioctlCall = libc.func('int ioctl(int fd, unsigned long operation, _Out_ void *buffer)')

/** The signs of the filesystem that holds `path`; null if it can't be asked. */
export function filesystemSigns(path: string): FilesystemSigns | null {
  const stats = lookAt(path)
  if (stats === null) return null
  const buffer = Buffer.alloc(STATFS_BYTES)
  if (statfsCall(pathForFs(path), buffer) !== 0) return null
  const mountinfo = readMountinfo()
  if (mountinfo === null) return null
  const mount = mountOf(mountinfo, stats.device, path)
  const { mountId, mountedAs } = mountOfThisBoot(path)
  const fsid = buffer.readBigUInt64LE(FSID_AT)
  return {
    deviceNumber: String(stats.device),
    filesystemId: saysNothing(fsid, stats.device)
      ? uuidOf(path, stats) || serialOf(mount?.source ?? '', mountId)
      : fsid.toString(16).padStart(16, '0'),
    filesystemType: mount?.type ?? '',
    mountSource: mount?.source ?? '',
    mountRoot: mount?.root ?? '',
    top: `${stats.inode}:${stats.birthTime}`,
    ...{ mountId, mountedAs },
  }
}

function mountOfThisBoot(path: string): Pick<FilesystemSigns, 'mountId' | 'mountedAs'> {
  const mount = mountIdOf(path)
  if (mount === null) return { mountId: '', mountedAs: '' }
  return { mountId: String(mount.id), mountedAs: mount.isUnique ? `${bootId()}/${mount.id}` : '' }
}

/** Cached by source and mount: reading a disk every half minute would keep it from sleeping. */
const serials = new Map<string, string>()

function serialOf(source: string, mountId: string): string {
  const key = `${source} ${mountId}`
  const serial = serials.get(key) ?? volumeSerial(source)
  serials.set(key, serial)
  return serial
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // Without it the mount equals no other.
    return randomUUID()
  }
}

function lookAt(path: string): FileStats | null {
  try {
    return statsAt(path)
  } catch {
    // Whatever the reason, a filesystem that can't be asked is not recognised.
    return null
  }
}

/** XFS, FAT and others put the device number itself into `f_fsid` (huge_encode_dev in the kernel). */
function saysNothing(fsid: bigint, device: bigint): boolean {
  const { major, minor } = majorMinor(device)
  const encoded = (minor & 0xffn) | (major << 8n) | ((minor & ~0xffn) << 12n)
  return fsid === 0n || fsid === encoded || fsid === device
}

/** The filesystem's UUID in hex; empty if it has none or can't be asked. A FIFO or device must not be opened to ask. */
function uuidOf(path: string, stats: FileStats): string {
  if (stats.kind === 'other') return ''
  let fd: number | undefined
  try {
    fd = openSync(pathForFs(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const buffer = Buffer.alloc(UUID_BYTES)
    if (ioctlCall(fd, GET_UUID, buffer) !== 0) return ''
    const uuid = buffer.subarray(1, 1 + buffer.readUInt8(0))
    return uuid.every((byte) => byte === 0) ? '' : uuid.toString('hex')
  } catch {
    return ''
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** gnu_dev_major and gnu_dev_minor of glibc. */
function majorMinor(device: bigint): { major: bigint; minor: bigint } {
  return {
    major: ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn),
    minor: (device & 0xffn) | ((device >> 12n) & ~0xffn),
  }
}

export type MountLine = {
  readonly root: string
  readonly point: string
  readonly type: string
  readonly source: string
}

/**
 * The line of /proc/self/mountinfo (proc(5)) for a device: the one with the longest mount point that leads to `path`.
 * btrfs subvolumes have device numbers that no line has; then the mount point alone decides.
 */
export function mountOf(mountinfo: string, device: bigint, path: string): MountLine | undefined {
  const { major, minor } = majorMinor(device)
  const number = `${major}:${minor}`
  let best: { line: MountLine; rank: number } | undefined
  for (const { device: itsNumber, root, point, type, source } of parseMountinfo(mountinfo)) {
    if (point !== '/' && path !== point && !path.startsWith(`${point}/`)) continue
    const rank = point.length + (itsNumber === number ? 1_000_000 : 0)
    // The later of two mounts on one point is on top.
    if (best !== undefined && rank < best.rank) continue
    best = { rank, line: { root, point, type, source } }
  }
  return best?.line
}
