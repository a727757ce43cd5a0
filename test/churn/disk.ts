/** What operations do to the disk, by names that need not be UTF-8. Each function throws the system's error. */
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
  rmdirSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { nameFromBytes, pathForFs } from '@drive-feed/shared/entry-name.ts'
import koffi from 'koffi'
import { cString, exchangeNames, systemError } from '../support/exchange-names.ts'

const { O_APPEND, O_CREAT, O_NONBLOCK, O_TRUNC, O_WRONLY } = constants
const S_IFIFO = 0o010000
const S_IFSOCK = 0o140000
const mknod = koffi.load('libc.so.6').func('int mknod(const char *path, unsigned int mode, unsigned long device)')

export type Entry = { readonly name: string; readonly kind: 'file' | 'folder' | 'other' }

export const disk = {
  write: (path: string, content: Buffer) => put(path, O_TRUNC, content),
  append: (path: string, content: Buffer) => put(path, O_APPEND, content),
  truncate: (path: string, size: number) => truncateSync(pathForFs(path), size),
  copy: (from: string, to: string) => put(to, O_TRUNC, readFileSync(pathForFs(from))),
  rename: (from: string, to: string) => renameSync(pathForFs(from), pathForFs(to)),
  exchange: exchangeNames,
  link: (from: string, to: string) => linkSync(pathForFs(from), pathForFs(to)),
  symlink: (target: string, path: string) => symlinkSync(target, pathForFs(path)),
  fifo: (path: string) => makeNode(path, S_IFIFO),
  socket: (path: string) => makeNode(path, S_IFSOCK),
  mkdir: (path: string) => mkdirSync(pathForFs(path)),
  mkdirs,
  unlink: (path: string) => unlinkSync(pathForFs(path)),
  remove,
  chmod: (path: string, mode: number) => chmodSync(pathForFs(path), mode),
  touch: (path: string, atime: number | Date, mtime: number | Date) => utimesSync(pathForFs(path), atime, mtime),
  exists,
  stat: (path: string) => lstatSync(pathForFs(path)),
  open: (path: string) => openForWriting(path, O_APPEND),
  list,
}

/** FUSE gives ESTALE for a folder that was just moved, until its name is looked up anew. */
const ESTALE = -116
const LISTED_ANEW_TIMES = 20

function list(folder: string): Entry[] {
  for (let times = 0; ; times += 1) {
    try {
      return entriesOf(folder)
    } catch (error) {
      const { code, errno } = error as NodeJS.ErrnoException
      // FUSE reports only now that the folder is gone, for example if a mounted folder was removed at its source.
      if (code === 'ENOENT') return []
      if (errno !== ESTALE) throw error
      // This lasts as long as it is mounted elsewhere.
      if (times === LISTED_ANEW_TIMES) return []
      // The kernel caches a name for a second.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
    }
  }
}

function entriesOf(folder: string): Entry[] {
  return readdirSync(pathForFs(folder), { withFileTypes: true, encoding: 'buffer' }).map((entry) => ({
    name: nameFromBytes(entry.name),
    kind: entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other',
  }))
}

/** Node's own function tries for ever if a name is refused with ENOENT, as exfat-fuse does. */
function mkdirs(path: string): void {
  if (exists(path)) return
  mkdirs(dirname(path))
  mkdirSync(pathForFs(path))
}

/** Node's own function tries for ever to remove a file that FUSE only renames, because a program has it open. */
function remove(path: string): void {
  if (!lstatSync(pathForFs(path)).isDirectory()) return void unlinkSync(pathForFs(path))
  for (const { name } of list(path)) remove(`${path}/${name}`)
  rmdirSync(pathForFs(path))
}

/** Also false if a folder of the path is a file now, for which Node throws. */
function exists(path: string): boolean {
  try {
    return lstatSync(pathForFs(path), { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false
    throw error
  }
}

function put(path: string, flag: number, content: Buffer): void {
  const fd = openForWriting(path, flag)
  try {
    writeFileSync(fd, content)
  } finally {
    closeSync(fd)
  }
}

/** Fails for a FIFO without a reader, and does not wait for one. */
function openForWriting(path: string, flag: number): number {
  return openSync(pathForFs(path), O_WRONLY | O_CREAT | O_NONBLOCK | flag)
}

function makeNode(path: string, kind: number): void {
  if (mknod(cString(path), kind | 0o644, 0) !== 0) throw systemError(`mknod ${path}`)
}
