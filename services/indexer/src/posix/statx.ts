/**
 * statx(2) of a name in an open folder. Node's lstat takes a path; a path by way of /proc/self/fd costs the kernel as
 * much as everything else. And lstat makes an object of eighteen big integers for each of a million files.
 */
import { nameToBytes } from '@drive-feed/shared/entry-name.ts'
import { exactMicroseconds, microseconds } from '@drive-feed/shared/microseconds.ts'
import koffi from 'koffi'

/** What is at a name, in the units of the `nodes` table. */
export type EntryStats = {
  kind: 'file' | 'folder' | 'other'
  size: number
  /** µs since 1970. */
  mtime: number
  /** The exact mtime if a double can't hold it, see `microseconds.ts`; otherwise null. */
  exactMtime: bigint | null
  ctime: number
  /** 0 if the filesystem keeps none. */
  birthTime: number
  links: number
  /** `st_dev`. */
  device: bigint
  inode: bigint
}

const statx = koffi
  .load('libc.so.6')
  .func('int statx(int folder, const char *name, int flags, uint32_t mask, void *buffer)')

const AT_SYMLINK_NOFOLLOW = 0x100
const AT_STATX_FORCE_SYNC = 0x2000
const STATX_BASIC_STATS_AND_BTIME = 0xfff
const STATX_MNT_ID = 0x1000
const STATX_MNT_ID_UNIQUE = 0x4000
const AT_FDCWD = -100
const S_IFMT = 0o170000
const S_IFREG = 0o100000
const S_IFDIR = 0o040000

/** Offsets in `struct statx` (linux/stat.h), the same on every machine, in units of the view that reads them. */
const NLINK = 16 / 4
const MODE = 28 / 2
const INODE = 32 / 8
const SIZE = 40 / 4
const BTIME = 80 / 4
const CTIME = 96 / 4
const MTIME = 112 / 4
const DEV_MAJOR = 136 / 4
const DEV_MINOR = 140 / 4
const MOUNT_ID = 144 / 8

const buffer = new ArrayBuffer(256)
const bytes = new Uint8Array(buffer)
const halves = new Uint16Array(buffer)
const words = new Uint32Array(buffer)
const signedWords = new Int32Array(buffer)
const longs = new BigUint64Array(buffer)

let device = { major: 0, minor: 0, number: 0n }

/**
 * Fills `into` and gives 0, or gives the errno and fills in nothing.
 *
 * FUSE caches attributes for each name of a file, for a second: after a write through another name the size is the old
 * one. So a file with several names is asked for again with a forced sync. For a local filesystem that is the same
 * question once more.
 */
export function statAt(folderFd: number, name: string, into: EntryStats): number {
  const path = name.isWellFormed() ? name : Buffer.concat([nameToBytes(name), Buffer.of(0)])
  if (statx(folderFd, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS_AND_BTIME, bytes) !== 0) return koffi.errno()
  let type = word(halves, MODE) & S_IFMT
  if (type === S_IFREG && word(words, NLINK) > 1) {
    const flags = AT_SYMLINK_NOFOLLOW | AT_STATX_FORCE_SYNC
    if (statx(folderFd, path, flags, STATX_BASIC_STATS_AND_BTIME, bytes) !== 0) return koffi.errno()
    type = word(halves, MODE) & S_IFMT
  }
  into.kind = type === S_IFREG ? 'file' : type === S_IFDIR ? 'folder' : 'other'
  into.size = word(words, SIZE) + word(words, SIZE + 1) * 2 ** 32
  into.mtime = microsecondsAt(MTIME)
  into.exactMtime = exactMicroseconds(secondsAt(MTIME), word(words, MTIME + 2))
  into.ctime = microsecondsAt(CTIME)
  into.birthTime = microsecondsAt(BTIME)
  into.links = word(words, NLINK)
  into.device = deviceNumber(word(words, DEV_MAJOR), word(words, DEV_MINOR))
  into.inode = longs[INODE] as bigint
  return 0
}

/**
 * The number of the mount that `path` is on; null if the kernel does not give it. `isUnique`: the number is not used
 * again while the machine is up (STATX_MNT_ID_UNIQUE, since 6.8).
 */
export function mountIdOf(path: string): { readonly id: bigint; readonly isUnique: boolean } | null {
  const name = path.isWellFormed() ? path : Buffer.concat([nameToBytes(path), Buffer.of(0)])
  for (const wanted of [STATX_MNT_ID_UNIQUE, STATX_MNT_ID]) {
    if (statx(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, wanted, bytes) !== 0) return null
    if (word(words, 0) & wanted) return { id: longs[MOUNT_ID] as bigint, isUnique: wanted === STATX_MNT_ID_UNIQUE }
  }
  return null
}

export function emptyStats(): EntryStats {
  return { kind: 'other', size: 0, mtime: 0, exactMtime: null, ctime: 0, birthTime: 0, links: 0, device: 0n, inode: 0n }
}

function word(view: Uint32Array | Int32Array | Uint16Array, at: number): number {
  return view[at] as number
}

/** A `statx_timestamp`: signed 64-bit seconds, then nanoseconds, which are never negative. */
function microsecondsAt(at: number): number {
  return microseconds(secondsAt(at), word(words, at + 2))
}

/** A number, unless a number can't hold them exactly, which is rare. */
function secondsAt(at: number): number | bigint {
  const seconds = word(words, at) + word(signedWords, at + 1) * 2 ** 32
  if (Number.isSafeInteger(seconds)) return seconds
  return BigInt.asIntN(64, longs[at / 2] as bigint)
}

/** makedev(3) of glibc. The last result is cached: the next entry is nearly always of the same device. */
function deviceNumber(major: number, minor: number): bigint {
  if (device.major !== major || device.minor !== minor) {
    const [high, low] = [BigInt(major), BigInt(minor)]
    const number =
      ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn)
    device = { major, minor, number }
  }
  return device.number
}
