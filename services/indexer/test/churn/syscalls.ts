/** Calls of libc that Node has no function for. Each throws what the system says. */
import { closeSync, constants, openSync } from 'node:fs'
import { pathForFs } from '@drive-feed/shared/entry-name.ts'
import koffi from 'koffi'
import { cString, systemError } from '../pair/exchange-names.ts'

const AT_FDCWD = -100
const AT_SYMLINK_NOFOLLOW = 0x100
const AT_SYMLINK_FOLLOW = 0x400
/** In place of nanoseconds: this time stays as it is. */
const UTIME_OMIT = 0x3ffffffen
const [PROT_READ, PROT_WRITE, MAP_SHARED, MAP_FAILED] = [1, 2, 1, 2n ** 64n - 1n]
/** O_TMPFILE without O_DIRECTORY, which is part of it; Node has no name for it. */
const O_TMPFILE = 0o20000000

const MS_BIND = 4096
const UMOUNT_NOFOLLOW = 8

const libc = koffi.load('libc.so.6')
const truncate = libc.func('int truncate(const char *path, int64_t length)')
const utimensat = libc.func('int utimensat(int at, const char *path, const void *times, int flags)')
const linkat = libc.func('int linkat(int from, const char *old, int to, const char *new, int flags)')
const mmap = libc.func('void *mmap(void *at, size_t length, int protection, int flags, int fd, int64_t offset)')
const munmap = libc.func('int munmap(void *at, size_t length)')
const mount = libc.func(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)',
)
const umount2 = libc.func('int umount2(const char *path, int flags)')
const memcpy = libc.func('void *memcpy(void *to, const void *from, size_t length)')

export type Mapping = {
  /** Writes from the beginning on, without any call that the kernel would see. */
  readonly write: (content: Buffer) => void
  readonly unmap: () => void
}

export const syscalls = {
  /** By path: nothing is opened, and so nothing closed. */
  truncate: (path: string, size: number) => check(truncate(cString(path), size), `truncate ${path}`),
  /** The mtime alone. @param seconds up to ±2^63; what a filesystem can't keep, it makes what it can */
  touchModified: (path: string, seconds: bigint, nanoseconds: bigint) => {
    const times = new BigInt64Array([0n, UTIME_OMIT, seconds, nanoseconds])
    check(utimensat(AT_FDCWD, cString(path), Buffer.from(times.buffer), AT_SYMLINK_NOFOLLOW), `utimensat ${path}`)
  },
  /** A file without a name, for writing. Gives its descriptor. */
  openUnnamed: (folder: string) =>
    openSync(pathForFs(folder), constants.O_WRONLY | constants.O_DIRECTORY | O_TMPFILE, 0o644),
  nameUnnamed: (fd: number, path: string) => {
    const old = Buffer.from(`/proc/self/fd/${fd}\0`)
    check(linkat(AT_FDCWD, old, AT_FDCWD, cString(path), AT_SYMLINK_FOLLOW), `linkat ${path}`)
  },
  /** Shows a folder in the place of another one, or a file in that of another. */
  bind: (from: string, path: string) =>
    check(mount(cString(from), cString(path), null, MS_BIND, null), `mount ${from} on ${path}`),
  /** Takes away what was mounted there last. */
  unbind: (path: string) => check(umount2(cString(path), UMOUNT_NOFOLLOW), `umount ${path}`),
  /** Maps the beginning of a file, which must be as long, and closes it: its close is told when it is unmapped. */
  map: (path: string, length: number): Mapping => {
    const fd = openSync(pathForFs(path), constants.O_RDWR | constants.O_NONBLOCK)
    try {
      const at = mmap(null, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
      if (koffi.address(at) === MAP_FAILED) throw systemError(`mmap ${path}`)
      return {
        write: (content) => void memcpy(at, content, Math.min(content.length, length)),
        unmap: () => check(munmap(at, length), `munmap ${path}`),
      }
    } finally {
      closeSync(fd)
    }
  },
}

function check(result: number, what: string): void {
  if (result !== 0) throw systemError(what)
}
