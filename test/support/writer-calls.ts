/** System calls of writers for which Node has no function. Each throws the system's error. */
import { constants, openSync } from 'node:fs'
import { pathForFs } from '@drive-feed/shared/entry-name.ts'
import koffi from 'koffi'
import { cString, systemError } from './exchange-names.ts'

const libc = koffi.load('libc.so.6')
const linkat = libc.func('int linkat(int from, const char *old, int to, const char *new, int flags)')
const mmap = libc.func('void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)')
const munmap = libc.func('int munmap(void *address, size_t length)')
const memcpy = libc.func('void *memcpy(void *to, const void *from, size_t length)')
const utimensat = libc.func('int utimensat(int folder, const char *path, const void *times, int flags)')
const truncate = libc.func('int truncate(const char *path, int64_t length)')
const fcntl = libc.func('int fcntl(int fd, int command, int argument)')
const signal = libc.func('intptr_t signal(int number, intptr_t handler)')

const AT_FDCWD = -100
const AT_SYMLINK_NOFOLLOW = 0x100
const AT_SYMLINK_FOLLOW = 0x400
/** O_TMPFILE, which Node does not name, without O_DIRECTORY, which is part of it. */
const O_TMPFILE = 0o20000000
const UTIME_OMIT = 0x3ffffffen
const PROT_READ_WRITE = 3
const MAP_SHARED = 1
const F_SETLEASE = 1024
const F_WRLCK = 1
const F_UNLCK = 2
const SIGIO = 29
const SIG_IGN = 1

/** Opens a new file without a name, in a folder's filesystem. The caller closes it. */
export function openNameless(folder: string): number {
  return openSync(pathForFs(folder), constants.O_RDWR | constants.O_DIRECTORY | O_TMPFILE, 0o644)
}

/** truncate(2), which opens nothing. Node's function opens the file and closes it. */
export function truncateByPath(path: string, size: number): void {
  if (truncate(cString(path), size) !== 0) fail(`truncate ${path}`)
}

export function giveName(fd: number, path: string): void {
  const from = cString(`/proc/self/fd/${fd}`)
  if (linkat(AT_FDCWD, from, AT_FDCWD, cString(path), AT_SYMLINK_FOLLOW) !== 0) fail(`linkat ${path}`)
}

/**
 * Sets only the mtime, which the kernel reports as a write.
 *
 * @param seconds up to ±2^63. A filesystem that can't keep a time keeps the nearest one that it can
 */
export function setMtimeAlone(path: string, seconds: bigint, nanoseconds = 0n): void {
  const times = new BigInt64Array([0n, UTIME_OMIT, seconds, nanoseconds])
  if (utimensat(AT_FDCWD, cString(path), Buffer.from(times.buffer), AT_SYMLINK_NOFOLLOW) !== 0)
    fail(`utimensat ${path}`)
}

/** Maps a file's first bytes as memory, shared with every reader of the file. The mapping outlives the descriptor. */
export type Mapping = { readonly write: (content: string | Buffer) => void; readonly end: () => void }

export function mapFile(fd: number, length: number): Mapping {
  const address: unknown = mmap(null, length, PROT_READ_WRITE, MAP_SHARED, fd, 0)
  if (koffi.address(address) === 2n ** 64n - 1n) fail('mmap')
  return {
    write: (content) => {
      const bytes = Buffer.from(content as string).subarray(0, length)
      memcpy(address, bytes, bytes.length)
    },
    end: () => {
      if (munmap(address, length) !== 0) fail('munmap')
    },
  }
}

/**
 * Takes a lease: while it is held, opening the file without waiting fails with EAGAIN, fcntl(2). Gives a function that
 * releases it.
 */
export function holdLease(fd: number): () => void {
  // Otherwise the kernel's request to release the lease would end the process.
  signal(SIGIO, SIG_IGN)
  if (!takeLease(fd)) fail('fcntl F_SETLEASE')
  return () => giveBackLease(fd)
}

/** @returns false while another process has the file open */
export function takeLease(fd: number): boolean {
  return fcntl(fd, F_SETLEASE, F_WRLCK) === 0
}

export function giveBackLease(fd: number): void {
  fcntl(fd, F_SETLEASE, F_UNLCK)
}

function fail(what: string): never {
  throw systemError(what)
}
