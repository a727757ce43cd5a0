/** MD5 of an open file. */
import { createHash, hash } from 'node:crypto'
import { readSync } from 'node:fs'
import type { PageCache } from './page-cache.ts'

/** Bytes. The buffer is one for the process: a worker reads one file at a time. */
const READ_BYTES = 1024 * 1024
const buffer = Buffer.allocUnsafeSlow(READ_BYTES)

/**
 * How much of a large file is read ahead, and how much that was read may stay in the page cache while it is hashed. `futility`
 * is asked after as many bytes.
 */
const KEPT_BYTES = 16 * READ_BYTES

/** Why it is useless to read on: the bytes are no longer those that were to be read, or no name is left. */
export type Futility = 'changed' | 'gone'

export type Hashed = { readonly kind: 'hashed'; readonly hash: string } | { readonly kind: Futility }

/**
 * MD5 of the first `size` bytes in lower-case hex; `changed` if the file ends before. The descriptor's offset stays.
 *
 * `futility` is asked now and then while a large file is read: a deleted file takes space on the disk as long as
 * somebody has it open, and reading it may take hours.
 *
 * Files above 1 MiB are dropped from the page cache as they are read: ten terabytes would otherwise push out everything
 * else. Small files stay: they push out little, dropping one would add 4 µs to the 12 that reading takes, and the next
 * program to open it would wait for the disk.
 *
 * @throws {NodeJS.ErrnoException} what reading gives: EIO and the like
 */
export function hashFile(fd: number, size: number, pageCache: PageCache, futility: () => Futility | null): Hashed {
  return size <= READ_BYTES ? hashSmall(fd, size) : hashLarge(fd, size, pageCache, futility)
}

function hashSmall(fd: number, size: number): Hashed {
  for (let at = 0; at < size; ) {
    const length = readSync(fd, buffer, at, size - at, at)
    if (length === 0) return { kind: 'changed' }
    at += length
  }
  return { kind: 'hashed', hash: hash('md5', buffer.subarray(0, size), 'hex') }
}

function hashLarge(fd: number, size: number, pageCache: PageCache, futility: () => Futility | null): Hashed {
  const md5 = createHash('md5')
  pageCache.expectSequentialReading(fd)
  let droppedTo = 0
  let askedTo = 0
  for (let at = 0; at < size; ) {
    // Several workers may read large files from one disk. In long runs its heads move seldom.
    if (askedTo < size && at >= askedTo - KEPT_BYTES) {
      pageCache.readAhead(fd, askedTo, Math.min(KEPT_BYTES, size - askedTo))
      askedTo += KEPT_BYTES
    }
    const length = readSync(fd, buffer, 0, Math.min(READ_BYTES, size - at), at)
    if (length === 0) return { kind: 'changed' }
    md5.update(buffer.subarray(0, length))
    at += length
    if (at - droppedTo >= KEPT_BYTES) {
      pageCache.drop(fd, droppedTo, at - droppedTo)
      droppedTo = at
      const kind = futility()
      if (kind !== null) return { kind }
    }
  }
  pageCache.drop(fd, 0, 0)
  return { kind: 'hashed', hash: md5.digest('hex') }
}
