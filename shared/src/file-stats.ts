/**
 * What the kernel knows of a file: the one place that reads Node's stats. Device and inode numbers are unsigned 64-bit
 * numbers, and mergerfs and some NFS servers use the highest bit. Node gives them as signed numbers.
 */
import { type BigIntStats, fstatSync, lstatSync, statSync } from 'node:fs'
import { pathForFs } from './entry-name.ts'
import { exactMicroseconds, microseconds } from './microseconds.ts'

export type FileStats = {
  readonly kind: 'file' | 'folder' | 'other'
  /** Bytes. */
  readonly size: number
  /** µs since 1970. */
  readonly mtime: number
  /** The exact mtime if a double can't hold it, see `microseconds.ts`; otherwise null. */
  readonly exactMtime: bigint | null
  readonly ctime: number
  /** To the nanosecond: a second write may follow within the same microsecond. */
  readonly ctimeNs: bigint
  /** 0 if the filesystem keeps none. */
  readonly birthTime: number
  /** Hard links. */
  readonly links: number
  /** `st_dev`, unsigned. */
  readonly device: bigint
  /** Unsigned. */
  readonly inode: bigint
}

/**
 * lstat(2); null if nothing is there.
 *
 * @param path escaped as in `entry-name.ts`
 * @throws {NodeJS.ErrnoException} also for ENOTDIR
 */
export function statsAt(path: string): FileStats | null {
  return read(lstatSync(pathForFs(path), { bigint: true, throwIfNoEntry: false }))
}

/** stat(2), which follows symbolic links; null if nothing is there. @throws {NodeJS.ErrnoException} */
export function statsBehind(path: string): FileStats | null {
  return read(statSync(pathForFs(path), { bigint: true, throwIfNoEntry: false }))
}

/** stat(2); null for every error, also if a folder on the way can't be entered. */
export function statsOrNull(path: string): FileStats | null {
  try {
    return statsBehind(path)
  } catch {
    return null
  }
}

/** fstat(2). @throws {NodeJS.ErrnoException} */
export function statsOf(fd: number): FileStats {
  return read(fstatSync(fd, { bigint: true })) as FileStats
}

/** Whether two stats are of one inode. */
export function isSameInode(
  one: Pick<FileStats, 'device' | 'inode'> | null,
  other: Pick<FileStats, 'device' | 'inode'> | null,
): boolean {
  return one !== null && other !== null && one.device === other.device && one.inode === other.inode
}

const NANOSECONDS = 1_000_000_000n

function read(stats: BigIntStats | undefined): FileStats | null {
  if (stats === undefined) return null
  const mtime = split(stats.mtimeNs)
  return {
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other',
    size: Number(stats.size),
    mtime: microseconds(...mtime),
    exactMtime: exactMicroseconds(...mtime),
    ctime: microseconds(...split(stats.ctimeNs)),
    ctimeNs: stats.ctimeNs,
    birthTime: microseconds(...split(stats.birthtimeNs)),
    links: Number(stats.nlink),
    device: BigInt.asUintN(64, stats.dev),
    inode: BigInt.asUintN(64, stats.ino),
  }
}

/** Seconds and nanoseconds as the kernel has them; the nanoseconds are never negative. */
function split(nanoseconds: bigint): [seconds: bigint, nanoseconds: number] {
  const rest = ((nanoseconds % NANOSECONDS) + NANOSECONDS) % NANOSECONDS
  return [(nanoseconds - rest) / NANOSECONDS, Number(rest)]
}
