/** What an open file is: its type by libmagic, its size by its own header or by MediaInfo. */
import type { Libmagic } from './libmagic.ts'
import type { Dimensions, MediaInfo } from './libmediainfo.ts'
import { mayReachMediaInfo } from './may-reach-mediainfo.ts'
import { mediaKind } from './media-kind.ts'
import type { Metadata } from './metadata-job.ts'
import { readerOfFile } from './pictures/bounded-reader.ts'
import { measurePicture } from './pictures/picture-size.ts'
import { isOneOf, MAY_BE_PACKED_PICTURE, UNKNOWN_TYPE } from './unsure-types.ts'

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
  return { about: about(mimeType, dimensionsOf(file, mimeType, effort, mediaInfo)), problem: null }
}

/**
 * Pictures of the usual formats tell their size themselves, to us. What begins as one of them is not given to MediaInfo
 * either where it says none: it would know no better, and pictures come from strangers more than anything else.
 */
function dimensionsOf(file: OpenFile, mimeType: string, effort: Effort, mediaInfo: MediaInfo): Dimensions {
  const { isImage, isVideo } = mediaKind(mimeType)
  if (isImage || isOneOf(mimeType, MAY_BE_PACKED_PICTURE)) {
    const picture = measurePicture(readerOfFile(file.fd, file.size))
    if (picture.kind === 'measured') return { ...picture.size, msDuration: 0 }
    if (picture.kind === 'unknown') return NO_DIMENSIONS
  }
  if (effort !== 'full' || !(isImage || isVideo)) return NO_DIMENSIONS
  if (!mayReachMediaInfo(readerOfFile(file.fd, file.size))) return NO_DIMENSIONS
  return mediaInfo.dimensions(file.fd, file.size, isImage ? 'picture' : 'film')
}

function about(mimeType: string, dimensions: Dimensions): Omit<Metadata, 'hash'> {
  return { mimeType, ...mediaKind(mimeType), ...dimensions }
}
