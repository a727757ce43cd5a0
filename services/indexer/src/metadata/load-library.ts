/** Opens a C library of the system. */
import koffi from 'koffi'

/** A library that the workers need is missing. The message is one line for people: what is missing, and what to do. */
export class LibraryMissingError extends Error {
  override name = 'LibraryMissingError'
}

/**
 * `file` is the soname, which dlopen(3) finds in the system's usual places; `debianPackage` is the package that has it.
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
