/** Reading one file: its hash, its type, its dimensions, and the certainty that all are of the same bytes. */

import { closeSync } from 'node:fs'
import { getSystemErrorMessage } from 'node:util'
import { type FileStats, statsOf } from '@drive-feed/shared/file-stats.ts'
import { isExhaustion, isPassing } from '@drive-feed/shared/passing-errors.ts'
import { type Futility, type Hashed, hashFile } from './hash-file.ts'
import { type Effort, type Identified, identify, type Libraries } from './identify.ts'
import type { Metadata, MetadataJob } from './metadata-job.ts'
import { openFile } from './open-file.ts'
import type { PageCache } from './page-cache.ts'

/** What of a job is needed to read the file. */
export type FileToRead = Pick<MetadataJob, 'path' | 'inode' | 'size' | 'mtime' | 'knownHash'>

/** Meanings as in `MetadataResult`. */
export type Extraction =
  | { readonly kind: 'done'; readonly metadata: Metadata; readonly problem: string | null }
  | { readonly kind: 'changed' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'busy' | 'unreadable'; readonly problem: string }

export type Extract = (file: FileToRead, effort: Effort) => Extraction

/** How often a file is read whose attributes change under the reading while its size and mtime stay. */
const READINGS_MAX = 3

/** Errors that are no system errors are bugs and are thrown. */
export function createExtract(libraries: Libraries, pageCache: PageCache): Extract {
  return (file, effort) => {
    let fd: number | undefined
    try {
      fd = openFile(file.path)
      return read(fd, file, effort, libraries, pageCache)
    } catch (error) {
      return refusal(error)
    } finally {
      if (fd !== undefined) closeSync(fd)
    }
  }
}

/**
 * Invariant I6: a hash belongs to the bytes. Size, mtime and inode must be the job's before and after. The status change
 * time must stay as well, since whoever writes may also set the mtime back (`touch -r`, SMB clients); but a chmod or a new
 * hard link moves it too, so then the file is read again instead of given up.
 */
function read(fd: number, file: FileToRead, effort: Effort, libraries: Libraries, pageCache: PageCache): Extraction {
  let before = statsOf(fd)
  for (let reading = 0; reading < READINGS_MAX; reading += 1) {
    if (!isFileOf(before, file)) return { kind: 'changed' }
    const identified = identify({ fd, path: file.path, stats: before }, effort, libraries)
    const futility = () => futilityOf(before, statsOf(fd), file)
    const hashed = hashOf(fd, file, pageCache, futility)
    if (hashed.kind !== 'hashed') return hashed
    const after = statsOf(fd)
    if (!isFileOf(after, file)) return { kind: 'changed' }
    if (after.ctimeNs === before.ctimeNs) return done(hashed.hash, identified)
    before = after
  }
  return { kind: 'changed' }
}

function hashOf(fd: number, file: FileToRead, pageCache: PageCache, futility: () => Futility | null): Hashed {
  const { size, knownHash } = file
  return knownHash === undefined ? hashFile(fd, size, pageCache, futility) : { kind: 'hashed', hash: knownHash }
}

function done(hash: string, { about, problem }: Identified): Extraction {
  return { kind: 'done', metadata: { hash, ...about }, problem }
}

function isFileOf(stats: FileStats, { inode, size, mtime }: FileToRead): boolean {
  return stats.kind === 'file' && String(stats.inode) === inode && stats.size === size && stats.mtime === mtime
}

/** A rename leaves a link, and some filesystems have never counted any. */
function futilityOf(before: FileStats, now: FileStats, file: FileToRead): Futility | null {
  if (now.links === 0 && before.links > 0) return 'gone'
  return isFileOf(now, file) ? null : 'changed'
}

function refusal(error: unknown): Extraction {
  const { code, errno } = error as NodeJS.ErrnoException
  if (code === undefined || errno === undefined) throw error
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ELOOP':
      return { kind: 'gone' }
    // open(2): a socket, or a device without a driver.
    case 'ENXIO':
    case 'ENODEV':
      return { kind: 'changed' }
  }
  const problem = `${code}: ${getSystemErrorMessage(errno)}`
  return { kind: isPassing(code) || isExhaustion(code) ? 'busy' : 'unreadable', problem }
}
