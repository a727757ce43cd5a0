/** Reads one file: its hash, type and dimensions, and makes sure that all are of the same bytes. */

import { closeSync } from 'node:fs'
import { getSystemErrorMessage } from 'node:util'
import { type FileStats, statsOf } from '@drive-feed/shared/file-stats.ts'
import { isExhaustion, isPassing } from '@drive-feed/shared/passing-errors.ts'
import type { OpenFile } from '../posix/open-file.ts'
import { type Futility, type Hashed, hashFile } from './hash-file.ts'
import { type Effort, type Identified, identify, type Libraries } from './identify.ts'
import type { Metadata, MetadataJob } from './metadata-job.ts'
import type { PageCache } from './page-cache.ts'
import type { Step } from './work-at.ts'

/** What a worker needs of a job to read the file. */
export type FileToRead = Omit<MetadataJob, 'nodeId'>

/** Meanings as in `MetadataResult`. */
export type Extraction =
  | { readonly kind: 'done'; readonly metadata: Metadata; readonly problem: string | null }
  | { readonly kind: 'changed' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'busy' | 'unreadable'; readonly problem: string }

/** How a file is to be read. The process ends when the libraries have computed for `computingMs`. */
export type Trial = { readonly effort: Effort; readonly computingMs: number }

/** Null if MediaInfo would have to be asked and `holdsBack` forbids it: then nothing was read. */
export type Extract = {
  (file: FileToRead, trial: Trial): Extraction
  (file: FileToRead, trial: Trial, holdsBack: boolean): Extraction | null
}

export type ExtractTools = {
  readonly openFile: OpenFile
  readonly libraries: Libraries
  readonly pageCache: PageCache
  /** Ends the process after that much computing; 0 removes the limit. */
  readonly endAfterComputing: (ms: number) => void
  /** Notes the step that comes next. */
  readonly note: (step: Step) => void
  /** Watched folders below which this process may read nothing, whatever the permissions of their files are. */
  readonly leftOut: readonly string[]
}

/** How often a file is read if its attributes change while it is read, but not its size and mtime. */
const READINGS_MAX = 3

/** The function throws errors that are no system errors: they are bugs. */
export function createExtract(tools: ExtractTools): Extract {
  const extract = (file: FileToRead, trial: Trial, holdsBack = false): Extraction | null => {
    let fd: number | null = null
    try {
      fd = tools.openFile(file.root, file.path, (stats) => isSameInode(stats, file))
      return fd === null ? { kind: 'changed' } : read(fd, file, { ...trial, holdsBack }, tools)
    } catch (error) {
      return refusal(error, tools.leftOut.includes(file.root))
    } finally {
      if (fd !== null) closeSync(fd)
    }
  }
  return extract as Extract
}

type Pass = Trial & { readonly holdsBack: boolean }

/**
 * I6: size, mtime and inode must be the job's before and after reading. The ctime must stay as well, since a writer may
 * set the mtime back (`touch -r`, SMB clients). A chmod or a new hard link also moves the ctime, so the file is then
 * read again and not given up.
 */
function read(fd: number, file: FileToRead, pass: Pass, tools: ExtractTools): Extraction | null {
  let before = statsOf(fd)
  for (let reading = 0; reading < READINGS_MAX; reading += 1) {
    if (!isFileOf(before, file)) return { kind: 'changed' }
    const identified = identifyInTime({ fd, size: file.size }, pass, tools)
    if (identified === null) return null
    tools.note('reading')
    const futility = () => futilityOf(before, statsOf(fd), file)
    const hashed = hashOf(fd, file, tools.pageCache, futility)
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

/** Removes the limit on computing even if reading fails: what comes next is not the libraries' doing. */
function identifyInTime(
  file: Parameters<typeof identify>[0],
  { effort, computingMs, holdsBack }: Pass,
  { libraries, endAfterComputing, note }: ExtractTools,
): Identified | null {
  endAfterComputing(computingMs)
  try {
    return identify(file, effort, libraries, { note, holdsBack })
  } finally {
    endAfterComputing(0)
  }
}

function done(hash: string, { about, problem }: Identified): Extraction {
  return { kind: 'done', metadata: { hash, ...about }, problem }
}

function isSameInode(stats: FileStats, { deviceNumber, inode }: FileToRead): boolean {
  const isSameDevice = deviceNumber === '' || String(stats.device) === deviceNumber
  return stats.kind === 'file' && isSameDevice && String(stats.inode) === inode
}

function isFileOf(stats: FileStats, file: FileToRead): boolean {
  return isSameInode(stats, file) && stats.size === file.size && stats.mtime === file.mtime
}

/** Whether it is useless to read on. A renamed file keeps a link, and some filesystems never count links. */
function futilityOf(before: FileStats, now: FileStats, file: FileToRead): Futility | null {
  if (now.links === 0 && before.links > 0) return 'gone'
  return isFileOf(now, file) ? null : 'changed'
}

function refusal(error: unknown, isLeftOut: boolean): Extraction {
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
  if (isLeftOut && (code === 'EACCES' || code === 'EPERM')) return { kind: 'busy', problem }
  return { kind: isPassing(code) || isExhaustion(code) ? 'busy' : 'unreadable', problem }
}
