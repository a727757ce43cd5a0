/** Jobs on their way to a worker. */
import type { FileToRead } from './extract.ts'
import type { Effort } from './identify.ts'

/**
 * One column a field, one row a file: the parent's time is the database's time, and columns cost it 0.8 µs a file, both
 * ways, where objects cost 1.2.
 */
export type JobsMessage = {
  readonly effort: Effort
  readonly paths: readonly string[]
  readonly inodes: readonly string[]
  readonly sizes: readonly number[]
  readonly mtimes: readonly number[]
  /** Null where the file is to be hashed. */
  readonly knownHashes: readonly (string | null)[]
}

export function encodeJobs(files: readonly FileToRead[], effort: Effort): JobsMessage {
  return {
    effort,
    paths: files.map(({ path }) => path),
    inodes: files.map(({ inode }) => inode),
    sizes: files.map(({ size }) => size),
    mtimes: files.map(({ mtime }) => mtime),
    knownHashes: files.map(({ knownHash }) => knownHash ?? null),
  }
}

export function decodeJobs({ paths, inodes, sizes, mtimes, knownHashes }: JobsMessage): FileToRead[] {
  return paths.map((path, row) => {
    const knownHash = knownHashes[row] as string | null
    return {
      path,
      inode: inodes[row] as string,
      size: sizes[row] as number,
      mtime: mtimes[row] as number,
      ...(knownHash === null ? {} : { knownHash }),
    }
  })
}
