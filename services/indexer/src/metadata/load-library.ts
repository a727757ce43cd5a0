/** Opening a C library of the system. */
import koffi from 'koffi'

/** A library the workers can't do without is not there. The message is one line for people: what is missing, what to do. */
export class LibraryMissingError extends Error {
  override name = 'LibraryMissingError'
}

/**
 * `file` is the soname, found by dlopen(3) in the system's usual places; `debianPackage` is what brings it.
 *
 * @throws {LibraryMissingError}
 */
export function loadLibrary(file: string, debianPackage: string): ReturnType<typeof koffi.load> {
  try {
    return koffi.load(file)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new LibraryMissingError(`${file} can't be loaded; install the Debian package ${debianPackage} (${reason})`, {
      cause: error,
    })
  }
}
