/** MIME types by libmagic(3), the library behind file(1). */
import { LibraryMissingError, loadLibrary } from './load-library.ts'

export type Libmagic = {
  /** As the library numbers itself: 546 is 5.46. */
  readonly version: number
  /**
   * The MIME type of an open regular file, without its character set. The descriptor's offset must be 0, and is after.
   *
   * @throws {Error} when the library gives none, with its reason
   */
  readonly mimeType: (fd: number) => string
}

const MAGIC_MIME_TYPE = 0x10

/**
 * Loads the library and its compiled database (mapped, so all processes share it). One cookie serves the whole process.
 *
 * @throws {LibraryMissingError}
 */
export function openLibmagic(): Libmagic {
  const library = loadLibrary('libmagic.so.1', 'libmagic1t64 (before Debian 13: libmagic1)')
  const open = library.func('void *magic_open(int flags)')
  const load = library.func('int magic_load(void *cookie, const char *databases)')
  const lastError = library.func('const char *magic_error(void *cookie)')
  const descriptor = library.func('const char *magic_descriptor(void *cookie, int fd)')
  const version = library.func('int magic_version()')

  const cookie: unknown = open(MAGIC_MIME_TYPE)
  if (load(cookie, null) !== 0) {
    throw new LibraryMissingError(
      `libmagic has no database; install the Debian package libmagic-mgc (${lastError(cookie)})`,
    )
  }
  return {
    version: version(),
    mimeType: (fd) => {
      const mimeType: string | null = descriptor(cookie, fd)
      if (mimeType === null) throw new Error(`libmagic: ${lastError(cookie) ?? 'no answer'}`)
      return mimeType
    },
  }
}
