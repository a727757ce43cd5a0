/**
 * Dimensions and duration of images and videos by MediaInfo. It is given the bytes it asks for and no path: whatever a file
 * names, there is nothing it could be opened by.
 */
import { readSync } from 'node:fs'
import { loadLibrary } from './load-library.ts'

/** Pixels and milliseconds, 0 where unknown. */
export type Dimensions = { readonly width: number; readonly height: number; readonly msDuration: number }

export type MediaInfo = {
  /** As the library says it: "MediaInfoLib - v25.04". */
  readonly version: string
  /** Of an open file of `size` bytes; the descriptor's offset stays. A file it makes nothing of has zeros. */
  readonly dimensions: (fd: number, size: number) => Dimensions
}

/** `stream_t`, `info_t` and a "how many" of MediaInfoDLL.h. */
const GENERAL = 0
const VIDEO = 1
const IMAGE = 5
const TEXT = 1
const NAME = 0
const ALL_STREAMS = -1

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

  function field(handle: unknown, kind: number, name: string): number {
    return wholeNumber(get(handle, kind, 0, name, TEXT, NAME))
  }

  /** It says itself where it wants to read on: the end of a film is far from its beginning. */
  function feed(handle: unknown, fd: number, size: number): void {
    begin(handle, size, 0)
    for (let at = 0; at < size; ) {
      const count = readSync(fd, buffer, 0, READ_BYTES, at)
      at += count
      if (count === 0 || (Number(take(handle, buffer, count)) & IS_FINISHED) !== 0) break
      const next = BigInt(wanted(handle))
      if (next === AS_BEFORE) continue
      begin(handle, AS_BEFORE, next)
      at = Number(next)
    }
    end(handle)
  }

  return {
    version: option(null, 'Info_Version', ''),
    dimensions: (fd, size) => {
      // A handle a file: one that was used before keeps settings it took from the file before.
      const handle: unknown = create()
      try {
        feed(handle, fd, size)
        const track = Number(count(handle, VIDEO, ALL_STREAMS)) > 0 ? VIDEO : IMAGE
        return {
          width: field(handle, track, 'Width'),
          height: field(handle, track, 'Height'),
          msDuration: field(handle, GENERAL, 'Duration'),
        }
      } finally {
        destroy(handle)
      }
    },
  }
}

/** Fields are text: "640", "1920.000000", or empty where unknown. */
function wholeNumber(text: string | null): number {
  const number = Math.floor(Number(text ?? ''))
  return Number.isSafeInteger(number) && number > 0 ? number : 0
}
