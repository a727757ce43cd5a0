/** What operations do to the disk, by names that need not be UTF-8. Each function throws what the system says. */
import {
  chmodSync,
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { nameFromBytes, nameToBytes, pathForFs } from '@drive-feed/shared/entry-name.ts'
import koffi from 'koffi'

const { O_APPEND, O_CREAT, O_NONBLOCK, O_TRUNC, O_WRONLY } = constants
const S_IFIFO = 0o010000
const S_IFSOCK = 0o140000
const RENAME_EXCHANGE = 2
const AT_FDCWD = -100
const libc = koffi.load('libc.so.6')
const mknod = libc.func('int mknod(const char *path, unsigned int mode, unsigned long device)')
const renameat2 = libc.func('int renameat2(int from, const char *old, int to, const char *new, unsigned int flags)')

export type Entry = { readonly name: string; readonly kind: 'file' | 'folder' | 'other' }

export const disk = {
  write: (path: string, content: Buffer) => put(path, O_TRUNC, content),
  append: (path: string, content: Buffer) => put(path, O_APPEND, content),
  truncate: (path: string, size: number) => truncateSync(pathForFs(path), size),
  copy: (from: string, to: string) => put(to, O_TRUNC, readFileSync(pathForFs(from))),
  rename: (from: string, to: string) => renameSync(pathForFs(from), pathForFs(to)),
  /** rename(2) with RENAME_EXCHANGE: two names change places in one step. */
  exchange: (one: string, other: string) =>
    check(renameat2(AT_FDCWD, cString(one), AT_FDCWD, cString(other), RENAME_EXCHANGE)),
  link: (from: string, to: string) => linkSync(pathForFs(from), pathForFs(to)),
  symlink: (target: string, path: string) => symlinkSync(target, pathForFs(path)),
  fifo: (path: string) => check(mknod(cString(path), S_IFIFO | 0o644, 0)),
  socket: (path: string) => check(mknod(cString(path), S_IFSOCK | 0o644, 0)),
  mkdir: (path: string) => mkdirSync(pathForFs(path)),
  mkdirs: (path: string) => mkdirSync(pathForFs(path), { recursive: true }),
  unlink: (path: string) => unlinkSync(pathForFs(path)),
  remove: (path: string) => rmSync(pathForFs(path), { recursive: true }),
  chmod: (path: string, mode: number) => chmodSync(pathForFs(path), mode),
  touch: (path: string, atime: number | Date, mtime: number | Date) => utimesSync(pathForFs(path), atime, mtime),
  exists: (path: string) => lstatSync(pathForFs(path), { throwIfNoEntry: false }) !== undefined,
  stat: (path: string) => lstatSync(pathForFs(path)),
  open: (path: string) => openForWriting(path, O_APPEND),
  list: (folder: string): Entry[] =>
    readdirSync(pathForFs(folder), { withFileTypes: true, encoding: 'buffer' }).map((entry) => ({
      name: nameFromBytes(entry.name),
      kind: entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other',
    })),
}

function put(path: string, flag: number, content: Buffer): void {
  const fd = openForWriting(path, flag)
  try {
    writeFileSync(fd, content)
  } finally {
    closeSync(fd)
  }
}

/** Of a FIFO without a reader it fails; otherwise it would wait for one. */
function openForWriting(path: string, flag: number): number {
  return openSync(pathForFs(path), O_WRONLY | O_CREAT | O_NONBLOCK | flag)
}

function cString(path: string): Buffer {
  return Buffer.concat([nameToBytes(path), Buffer.of(0)])
}

function check(result: number): void {
  if (result === 0) return
  const errno = koffi.errno()
  throw Object.assign(new Error(`errno ${errno}`), { code: `errno ${errno}` })
}
