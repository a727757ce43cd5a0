/** The versions of the libraries that read files. Loading one may crash, so this runs in a process of its own. */
import { openLibmagic } from '../../metadata/libmagic.ts'
import { openMediaInfo } from '../../metadata/libmediainfo.ts'
import { LibraryMissingError } from '../../metadata/load-library.ts'

/** `problem`: what is missing and what to do, in one line; null if there is none. */
export type LibraryProbe = { readonly version: string; readonly problem: string | null }

export function probeLibmagic(): LibraryProbe {
  return probe(() => {
    const { version, database } = openLibmagic()
    return `libmagic ${Math.floor(version / 100)}.${String(version % 100).padStart(2, '0')}, database ${database}`
  })
}

export function probeMediaInfo(): LibraryProbe {
  return probe(() => openMediaInfo().version)
}

function probe(versionOf: () => string): LibraryProbe {
  try {
    return { version: versionOf(), problem: null }
  } catch (error) {
    if (error instanceof LibraryMissingError) return { version: '', problem: error.message }
    throw error
  }
}
