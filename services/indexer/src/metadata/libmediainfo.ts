/** Dimensions and duration of images and videos by MediaInfo. */
import koffi from 'koffi'
import { loadLibrary } from './load-library.ts'

/** Pixels and milliseconds, 0 where unknown. */
export type Dimensions = { readonly width: number; readonly height: number; readonly msDuration: number }

type Sides = Pick<Dimensions, 'width' | 'height'>

export type MediaInfo = {
  /** As the library says it: "MediaInfoLib - v25.04". */
  readonly version: string
  /**
   * `path` is handed over as UTF-8. Null when the library can't open it. A file it makes nothing of has zeros.
   *
   * Of a picture the first image with a size that is no thumbnail, else a film's, and no duration: not even an animation
   * has one in the feed. Of a film a video track and nothing else: a cover is no film.
   */
  readonly dimensions: (path: string, kind: 'picture' | 'film') => Dimensions | null
}

/** `stream_t`, `info_t` and a "how many" of MediaInfoDLL.h. */
const GENERAL = 0
const VIDEO = 1
const IMAGE = 5
const TEXT = 1
const NAME = 0
const ALL_STREAMS = -1

/** Streams that are looked at; a file may claim any number. */
const STREAMS_MAX = 100

/** What versions after 25.04 call an image that is not what the file is about. */
const LESSER_PICTURE = /thumbnail|preview|cover/i

const NO_SIDES: Sides = { width: 0, height: 0 }

/** `LC_CTYPE` of glibc. */
const LC_CTYPE = 0

/** @throws {LibraryMissingError} */
export function openMediaInfo(): MediaInfo {
  const library = loadLibrary('libmediainfo.so.0', 'libmediainfo0v5')
  const create = library.func('void *MediaInfoA_New()')
  const destroy = library.func('void MediaInfoA_Delete(void *handle)')
  const open = library.func('size_t MediaInfoA_Open(void *handle, const char *path)')
  const option = library.func('const char *MediaInfoA_Option(void *handle, const char *name, const char *value)')
  const count = library.func('size_t MediaInfoA_Count_Get(void *handle, int kind, intptr_t stream)')
  const get = library.func(
    'const char *MediaInfoA_Get(void *handle, int kind, size_t stream, const char *field, int info, int search)',
  )
  acceptNonAsciiPaths()

  function text(handle: unknown, kind: number, stream: number, name: string): string {
    return get(handle, kind, stream, name, TEXT, NAME) ?? ''
  }

  /** Of the first stream of a kind that says both sides. */
  function size(handle: unknown, kind: number): Sides | null {
    const streams = Number(count(handle, kind, ALL_STREAMS))
    for (let stream = 0; stream < Math.min(streams, STREAMS_MAX); stream += 1) {
      if (LESSER_PICTURE.test(text(handle, kind, stream, 'Type'))) continue
      const width = wholeNumber(text(handle, kind, stream, 'Width'))
      const height = wholeNumber(text(handle, kind, stream, 'Height'))
      if (width > 0 && height > 0) return { width, height }
    }
    return null
  }

  return {
    version: option(null, 'Info_Version', ''),
    dimensions: (path, kind) => {
      // A handle a file: one that was used before keeps settings it took from the file before.
      const handle: unknown = create()
      try {
        // Otherwise IMG_0001.jpg has it look for IMG_0002.jpg and open all that follow, as one sequence (seen by strace).
        option(handle, 'File_TestContinuousFileNames', '0')
        if (Number(open(handle, path)) === 0) return null
        if (kind === 'picture') return { ...(size(handle, IMAGE) ?? size(handle, VIDEO) ?? NO_SIDES), msDuration: 0 }
        const msDuration = wholeNumber(text(handle, GENERAL, 0, 'Duration'))
        return { ...(size(handle, VIDEO) ?? NO_SIDES), msDuration }
      } finally {
        destroy(handle)
      }
    },
  }
}

/** MediaInfo takes wide characters inside and opens files through wcstombs(3), which is ASCII only in the C locale. */
function acceptNonAsciiPaths(): void {
  koffi.load('libc.so.6').func('const char *setlocale(int category, const char *locale)')(LC_CTYPE, 'C.UTF-8')
}

/** Fields are text: "640", "1920.000000", or empty where unknown. */
function wholeNumber(text: string): number {
  const number = Math.floor(Number(text))
  return Number.isSafeInteger(number) && number > 0 ? number : 0
}
