/** The message that gives jobs to a worker. */
import type { FileToRead, Trial } from './extract.ts'

/**
 * One column a field, one row a file. Columns cost the parent 0.8 µs a file, both ways, and objects 1.2; the parent's
 * main thread also writes the database.
 */
export type JobsMessage = {
  readonly trial: Trial
  readonly paths: readonly string[]
  /** The length of the watched folder's path at the start of each path, in UTF-16 units. */
  readonly rootLengths: readonly number[]
  readonly deviceNumbers: readonly string[]
  readonly inodes: readonly string[]
  readonly sizes: readonly number[]
  readonly mtimes: readonly number[]
  /** Null if the file is to be hashed. */
  readonly knownHashes: readonly (string | null)[]
}

export function encodeJobs(files: readonly FileToRead[], trial: Trial): JobsMessage {
  return {
    trial,
    paths: files.map(({ path }) => path),
    rootLengths: files.map(({ root }) => root.length),
    deviceNumbers: files.map(({ deviceNumber }) => deviceNumber),
    inodes: files.map(({ inode }) => inode),
    sizes: files.map(({ size }) => size),
    mtimes: files.map(({ mtime }) => mtime),
    knownHashes: files.map(({ knownHash }) => knownHash ?? null),
  }
}

export function decodeJobs(message: JobsMessage): FileToRead[] {
  return message.paths.map((path, row) => {
    const knownHash = message.knownHashes[row] as string | null
    return {
      root: path.slice(0, message.rootLengths[row]),
      path,
      deviceNumber: message.deviceNumbers[row] as string,
      inode: message.inodes[row] as string,
      size: message.sizes[row] as number,
      mtime: message.mtimes[row] as number,
      ...(knownHash === null ? {} : { knownHash }),
    }
  })
}
