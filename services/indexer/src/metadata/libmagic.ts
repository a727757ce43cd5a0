/** MIME types by libmagic(3), the library behind file(1). */
import { closeSync, openSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import koffi from 'koffi'
import { LibraryMissingError, loadLibrary } from './load-library.ts'
import { ownType } from './own-mime-types.ts'
import { UNKNOWN_TYPE } from './unsure-types.ts'

export type Libmagic = {
  /** The library's own number: 546 is 5.46. */
  readonly version: number
  /**
   * The databases in use, by size and time of last change: "8281024@1674913264". A hash of 8 MB would take 15 ms at
   * each start of a worker.
   */
  readonly database: string
  /**
   * The MIME type of an open regular file, without its character set. The descriptor's offset must be 0 before, and is
   * 0 after.
   *
   * @throws {Error} if the library gives no type, with its reason
   */
  readonly mimeType: (fd: number) => string
}

/** Our own magic source, in the format of magic(5). */
export const OWN_MAGIC = fileURLToPath(new URL('./types.magic', import.meta.url))

const SONAME = 'libmagic.so.1'

const MAGIC_MIME_TYPE = 0x10
/**
 * Turns off all that is no magic: compression, tar, Apple's types, ELF, text, CDF, CSV, tokens, encoding, JSON, SIMH
 * (magic.h).
 */
const MAGIC_ONLY = 0xffb000

/**
 * Loads the library and its compiled database (mapped, so all processes share it), and compiles our own source, which
 * takes a millisecond. A compiled source is good for one version of the library only. Each has a cookie of its own for
 * the whole process: loaded together, ours would be asked for every file and could correct no answer.
 *
 * @throws {LibraryMissingError}
 */
export function openLibmagic(): Libmagic {
  const library = loadLibrary(SONAME, 'libmagic1t64 (before Debian 13: libmagic1)')
  const lastError = library.func('const char *magic_error(void *cookie)')
  const descriptor = library.func('const char *magic_descriptor(void *cookie, int fd)')
  const ofBytes = library.func('const char *magic_buffer(void *cookie, const void *bytes, size_t length)')
  const getpath = library.func('const char *magic_getpath(const char *given, int action)')
  const version = library.func('int magic_version()')
  const { cookie, problem } = load(library, MAGIC_MIME_TYPE, null)
  if (problem !== null) {
    throw new LibraryMissingError(`libmagic has no database; install the Debian package libmagic-mgc (${problem})`)
  }
  const own = loadOwn(library)
  const askOwn = (head: Buffer): string => ofBytes(own, head, head.length) ?? UNKNOWN_TYPE
  return {
    version: version(),
    database: signsOf(getpath(null, 0)),
    mimeType: (fd) => {
      const mimeType: string | null = descriptor(cookie, fd)
      if (mimeType === null) throw new Error(`libmagic: ${lastError(cookie) ?? 'no answer'}`)
      return ownType(fd, mimeType, askOwn)
    },
  }
}

/**
 * Where the library looks for its databases, by `MAGIC`, the home folder and how it was built. Empty without the
 * library.
 */
export function magicPlaces(): string[] {
  try {
    const getpath = koffi.load(SONAME).func('const char *magic_getpath(const char *given, int action)')
    return sourcesIn(getpath(null, 0)).flatMap((source) => [source, `${source}.mgc`])
  } catch {
    return []
  }
}

type Library = ReturnType<typeof koffi.load>

/** `databases`: null for the system's. */
function load(library: Library, flags: number, databases: string | null): { cookie: unknown; problem: string | null } {
  const cookie: unknown = library.func('void *magic_open(int flags)')(flags)
  const isLoaded = library.func('int magic_load(void *cookie, const char *databases)')(cookie, databases) === 0
  if (isLoaded) return { cookie, problem: null }
  return { cookie, problem: String(library.func('const char *magic_error(void *cookie)')(cookie)) }
}

function loadOwn(library: Library): unknown {
  // By descriptor, since its path may have a colon, which separates paths for libmagic.
  const fd = openSync(OWN_MAGIC, 'r')
  try {
    const { cookie, problem } = load(library, MAGIC_MIME_TYPE | MAGIC_ONLY, `/proc/self/fd/${fd}`)
    if (problem !== null) throw new Error(`libmagic does not understand ${OWN_MAGIC}: ${problem}`)
    return cookie
  } finally {
    closeSync(fd)
  }
}

/** @param path paths of databases, separated by colons. Of each libmagic takes the compiled one, if there is one */
function signsOf(path: string): string {
  const signs = sourcesIn(path).map((source) => signOf(`${source}.mgc`) ?? signOf(source) ?? 'none')
  return signs.join(' ')
}

function sourcesIn(path: string): string[] {
  return path.split(':').filter((source) => source !== '')
}

function signOf(path: string): string | null {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? null : `${stats.size}@${Math.floor(stats.mtimeMs / 1000)}`
}
