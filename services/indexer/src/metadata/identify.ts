/** What the C libraries say about an open file. */
import type { Libmagic } from './libmagic.ts'
import type { Dimensions, MediaInfo } from './libmediainfo.ts'
import { mediaKind } from './media-kind.ts'
import type { Metadata } from './metadata-job.ts'

/**
 * How much is asked of the libraries. A file on which a library crashed is read again with less, so that it costs one
 * file its dimensions or MIME type and nothing else.
 */
export type Effort = 'full' | 'without-mediainfo' | 'hash-only'

export type Libraries = { readonly libmagic: Libmagic; readonly mediaInfo: MediaInfo }

/** `size` in bytes. */
export type OpenFile = { readonly fd: number; readonly size: number }

/** Everything but the hash; `problem` where a library refused the file. */
export type Identified = { readonly about: Omit<Metadata, 'hash'>; readonly problem: string | null }

/** libmagic's own answer for bytes it does not know. */
const UNKNOWN_TYPE = 'application/octet-stream'

/** file(1)'s answer for an empty file, which libmagic gives by path only, not by descriptor. */
const EMPTY_TYPE = 'inode/x-empty'

const NO_DIMENSIONS: Dimensions = { width: 0, height: 0, msDuration: 0 }

export function identify(file: OpenFile, effort: Effort, { libmagic, mediaInfo }: Libraries): Identified {
  if (file.size === 0) return { about: about(EMPTY_TYPE, NO_DIMENSIONS), problem: null }
  if (effort === 'hash-only') return { about: about(UNKNOWN_TYPE, NO_DIMENSIONS), problem: null }
  let mimeType: string
  try {
    mimeType = libmagic.mimeType(file.fd)
  } catch (error) {
    return { about: about(UNKNOWN_TYPE, NO_DIMENSIONS), problem: (error as Error).message }
  }
  const { isImage, isVideo } = mediaKind(mimeType)
  if (effort !== 'full' || !(isImage || isVideo)) {
    return { about: about(mimeType, NO_DIMENSIONS), problem: null }
  }
  const dimensions = mediaInfo.dimensions(file.fd, file.size)
  if (dimensions === null) {
    return { about: about(mimeType, NO_DIMENSIONS), problem: "MediaInfo can't read the file" }
  }
  return { about: about(mimeType, dimensions), problem: null }
}

function about(mimeType: string, dimensions: Dimensions): Omit<Metadata, 'hash'> {
  return { mimeType, ...mediaKind(mimeType), ...dimensions }
}
