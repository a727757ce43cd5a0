/**
 * Dimensions and duration of images and videos by MediaInfo. MediaInfo gets the bytes that it asks for and no path, so
 * it has no way to open what a file names.
 */
import { readSync } from 'node:fs'
import { loadLibrary } from './load-library.ts'

/** Pixels and milliseconds; 0 if unknown. */
export type Dimensions = { readonly width: number; readonly height: number; readonly msDuration: number }

type Sides = Pick<Dimensions, 'width' | 'height'>

export type MediaInfo = {
  /** The library's own text: "MediaInfoLib - v25.04". */
  readonly version: string
  /**
   * The dimensions of an open file of `size` bytes; zeros if MediaInfo finds none. The descriptor's offset stays.
   *
   * For a picture: the first image that has a size and is no thumbnail, else a video track, and no duration, since not
   * even an animation has one in the feed. For a film: a video track and nothing else, since a cover is no film.
   */
  readonly dimensions: (fd: number, size: number, kind: 'picture' | 'film') => Dimensions
}

/** Values of `stream_t` and `info_t`, and the argument for "how many", from MediaInfoDLL.h. */
const GENERAL = 0
const VIDEO = 1
const IMAGE = 5
const TEXT = 1
const NAME = 0
const ALL_STREAMS = -1

/** Streams that are looked at, since a file may claim any number. */
const STREAMS_MAX = 100

/** How versions after 25.04 call an image that is not the file's main one. */
const LESSER_PICTURE = /thumbnail|preview|cover/i

const NO_SIDES: Sides = { width: 0, height: 0 }

/** As much as MediaInfo itself reads in one call. */
const READ_BYTES = 64 * 1024
const buffer = Buffer.allocUnsafeSlow(READ_BYTES)

/** As a size: the one of the first call. As a position: read on where you are. */
const AS_BEFORE = 0xffff_ffff_ffff_ffffn
/** A bit of the status: MediaInfo needs no more. */
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

  /** The sides of the first stream of a kind that has both. */
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

  /** MediaInfo says where it wants to read on: the end of a film is far from its beginning. */
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
      // A handle for each file: a handle keeps settings from the file before.
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

/** Fields are text: "640", "1920.000000", or empty if unknown. */
function wholeNumber(text: string): number {
  const number = Math.floor(Number(text))
  return Number.isSafeInteger(number) && number > 0 ? number : 0
}
