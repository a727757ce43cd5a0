/** What a worker process does before its first file. */
import { readdirSync, readlinkSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { createOpenFile, hasOpenat2, OWN_FLAGS } from '../posix/open-file.ts'
import { applyFilter } from '../sandbox/filter.ts'
import { dataBytes, endAfterComputing, limit } from '../sandbox/limits.ts'
import { REFUSED_EVERYWHERE, refusedToWorkers } from '../sandbox/refusals.ts'
import { dieWithParent } from './die-with-parent.ts'
import { createExtract } from './extract.ts'
import type { Libraries } from './identify.ts'
import { openLibmagic } from './libmagic.ts'
import { openMediaInfo } from './libmediainfo.ts'
import { LibraryMissingError } from './load-library.ts'
import { takeLowPriority } from './low-priority.ts'
import { openPageCache } from './page-cache.ts'
import { readerVersions } from './reader-versions.ts'
import type { Reader } from './serve-jobs.ts'
import { openWorkNote } from './work-at.ts'
import { decodeSetting } from './worker-setting.ts'

/** Memory for the libraries' work on files, beyond what a process has when it is ready. Bytes. */
const WORKING_MEMORY_BYTES = 512 * 1024 * 1024
/** A worker has its channel, the file that it reads, and what Node opened at the start: about 25 descriptors. */
const OPEN_FILES_MAX = 64

const ELSEWHERE =
  'If it is installed outside of /usr and /lib, name its folder in LD_LIBRARY_PATH, and that of a database in MAGIC: \
workers may read nothing else'

/** @throws {LibraryMissingError} */
export function prepareWorker(): Reader {
  dieWithParent()
  takeLowPriority()
  const { isHeld, leftOut, memoryFd } = decodeSetting(process.argv[2])
  const note = openWorkNote(memoryFd)
  const libraries = openLibraries(isHeld)
  const extract = createExtract({
    openFile: createOpenFile(hasOpenat2()),
    libraries,
    pageCache: openPageCache(),
    endAfterComputing: (ms) => endAfterComputing(ms / 1000),
    note: note.step,
    leftOut,
  })
  // Counts if NODE_COMPILE_CACHE is set, and halves the start and saves 11 MB. Node writes the cache at an orderly end,
  // which a worker rarely has.
  flushCompileCache()
  return { extract, versions: readerVersions(libraries), note }
}

/** @param isHeld a missing library may be where this process may not read */
function openLibraries(isHeld: boolean): Libraries {
  try {
    return { libmagic: openLibmagic(), mediaInfo: openMediaInfo() }
  } catch (error) {
    if (!isHeld || !(error instanceof LibraryMissingError)) throw error
    throw new LibraryMissingError(`${error.message}. ${ELSEWHERE}`, { cause: error })
  }
}

/**
 * Confines this process for good. It reads the files it is given and answers; it opens nothing else, writes nothing,
 * starts nothing, and uses no more than its limits. If the kernel or a container lacks one of these protections, the
 * others still hold.
 */
export function confineWorker(): void {
  const used = dataBytes()
  if (used !== null) limit('data', used + WORKING_MEMORY_BYTES)
  limit('core', 0)
  limit('fileSize', 0)
  limit('openFiles', OPEN_FILES_MAX)
  const refusals = refusedToWorkers(process.pid, hasOpenat2() ? null : OWN_FLAGS)
  const kept = hasRing() ? refusals.filter(({ call }) => call !== 'io_uring_enter') : refusals
  applyFilter([...REFUSED_EVERYWHERE, ...kept], 'all threads')
}

/** Whether libuv already uses io_uring(7): then it can't do without. */
function hasRing(): boolean {
  return readdirSync('/proc/self/fd').some((fd) => targetOf(fd).includes('io_uring'))
}

/** Empty for the descriptor by which `/proc/self/fd` itself was listed. */
function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}
