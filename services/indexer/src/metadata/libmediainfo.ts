/**
 * Dimensions and duration of images and videos by MediaInfo. It is given the bytes it asks for and no path: whatever a file
 * names, there is nothing it could be opened by.
 */
import { readSync } from 'node:fs'
import { loadLibrary } from './load-library.ts'

/** Pixels and milliseconds, 0 where unknown. */
export type Dimensions = { readonly width: number; readonly height: number; readonly msDuration: number }

type Sides = Pick<Dimensions, 'width' | 'height'>

export type MediaInfo = {
  /** As the library says it: "MediaInfoLib - v25.04". */
  readonly version: string
  /**
   * Of an open file of `size` bytes; the descriptor's offset stays. A file it makes nothing of has zeros.
   *
   * Of a picture the first image with a size that is no thumbnail, else a film's, and no duration: not even an animation
   * has one in the feed. Of a film a video track and nothing else: a cover is no film.
   */
  readonly dimensions: (fd: number, size: number, kind: 'picture' | 'film') => Dimensions
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

/** MediaInfo's own size of a reading. */
const READ_BYTES = 64 * 1024
const buffer = Buffer.allocUnsafeSlow(READ_BYTES)

/** The file's size is known from the first call, and: nowhere else is to be read. */
const AS_BEFORE = 0xffff_ffff_ffff_ffffn
/** A bit of the status: nothing more is to be read. */
const IS_FINISHED = 8

/** @throws {LibraryMissingError} */
export function openMediaInfo(): MediaInfo {
  const library = loadLibrary('libmediainfo.so.0', 'libmediainfo0v5')
  const create = library.func('void *MediaInfoA_New()')
  const destroy = library.func('void MediaInfoA_Delete(void *handle)')
  const begin = library.func('size_t MediaInfoA_Open_Buffer_Init(void *handle, uint64_t size, uint64_t offset)')
  const take = library.func('size_t MediaInfoA_Open_Buffer_Continue(void *handle, void *bytes, size_t count)')
  const wanted = library.func('uint64_t MediaInfoA_Open_Buffer_Continue_GoTo_Get(void *handle)')
  const end = library.func('size_t MediaInfoA_Open_Buffer_Finalize(void *handle)')
  const option = library.func('const char *MediaInfoA_Option(void *handle, const char *name, const char *value)')
  const count = library.func('size_t MediaInfoA_Count_Get(void *handle, int kind, intptr_t stream)')
  const get = library.func(
    'const char *MediaInfoA_Get(void *handle, int kind, size_t stream, const char *field, int info, int search)',
  )

  function text(handle: unknown, kind: number, stream: number, name: string): string {
    return get(handle, kind, stream, name, TEXT, NAME) ?? ''
  }

  /** Of the first stream of a kind that says both sides. */
  function sidesOf(handle: unknown, kind: number): Sides | null {
    const streams = Number(count(handle, kind, ALL_STREAMS))
    for (let stream = 0; stream < Math.min(streams, STREAMS_MAX); stream += 1) {
      if (LESSER_PICTURE.test(text(handle, kind, stream, 'Type'))) continue
      const width = wholeNumber(text(handle, kind, stream, 'Width'))
      const height = wholeNumber(text(handle, kind, stream, 'Height'))
      if (width > 0 && height > 0) return { width, height }
    }
    return null
  }

  /** It says itself where it wants to read on: the end of a film is far from its beginning. */
  function feed(handle: unknown, fd: number, size: number): void {
    begin(handle, size, 0)
    for (let at = 0; at < size; ) {
      const length = readSync(fd, buffer, 0, READ_BYTES, at)
      at += length
      if (length === 0 || (Number(take(handle, buffer, length)) & IS_FINISHED) !== 0) break
      const next = BigInt(wanted(handle))
      if (next === AS_BEFORE) continue
      begin(handle, AS_BEFORE, next)
      at = Number(next)
    }
    end(handle)
  }

  return {
    version: option(null, 'Info_Version', ''),
    dimensions: (fd, size, kind) => {
      // A handle a file: one that was used before keeps settings it took from the file before.
      const handle: unknown = create()
      try {
        feed(handle, fd, size)
        if (kind === 'picture')
          return { ...(sidesOf(handle, IMAGE) ?? sidesOf(handle, VIDEO) ?? NO_SIDES), msDuration: 0 }
        const msDuration = wholeNumber(text(handle, GENERAL, 0, 'Duration'))
        return { ...(sidesOf(handle, VIDEO) ?? NO_SIDES), msDuration }
      } finally {
        destroy(handle)
      }
    },
  }
}

/** Fields are text: "640", "1920.000000", or empty where unknown. */
function wholeNumber(text: string): number {
  const number = Math.floor(Number(text))
  return Number.isSafeInteger(number) && number > 0 ? number : 0
}
