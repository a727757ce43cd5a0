/** Identifies an open file: its type by libmagic, its dimensions by its own header or by MediaInfo. */
import { EMPTY_TYPE } from './empty-file.ts'
import type { Libmagic } from './libmagic.ts'
import type { Dimensions, MediaInfo } from './libmediainfo.ts'
import { mayReachMediaInfo } from './may-reach-mediainfo.ts'
import { mediaKind } from './media-kind.ts'
import type { Metadata } from './metadata-job.ts'
import { readerOfFile } from './pictures/bounded-reader.ts'
import { measurePicture } from './pictures/picture-size.ts'
import { isOneOf, MAY_BE_PACKED_PICTURE, UNKNOWN_TYPE } from './unsure-types.ts'
import type { Step } from './work-at.ts'

/**
 * How much the libraries and our own picture parsers have to do, the most first. A file on which one of them crashed or
 * computed for ever is read again with less effort, so that only this file loses its dimensions or MIME type.
 */
export const EFFORTS = ['full', 'without-mediainfo', 'type-only', 'hash-only'] as const
export type Effort = (typeof EFFORTS)[number]

export type Libraries = { readonly libmagic: Libmagic; readonly mediaInfo: MediaInfo }

/** `size` in bytes. */
export type OpenFile = { readonly fd: number; readonly size: number }

/** Everything but the hash; `problem` if a library refused the file. */
export type Identified = { readonly about: Omit<Metadata, 'hash'>; readonly problem: string | null }

const NO_DIMENSIONS: Dimensions = { width: 0, height: 0, msDuration: 0 }

/** `note` gets each step before it begins. `holdsBack`: stop if only MediaInfo is left to ask. */
export type Guide = { readonly note: (step: Step) => void; readonly holdsBack: boolean }

const ALONE: Guide = { note: () => {}, holdsBack: false }

/** Null if the file was held back. */
export function identify(file: OpenFile, effort: Effort, libraries: Libraries, guide = ALONE): Identified | null {
  if (file.size === 0) return { about: about(EMPTY_TYPE, NO_DIMENSIONS), problem: null }
  if (effort === 'hash-only') return { about: about(UNKNOWN_TYPE, NO_DIMENSIONS), problem: null }
  let mimeType: string
  try {
    guide.note('libmagic')
    mimeType = libraries.libmagic.mimeType(file.fd)
  } catch (error) {
    return { about: about(UNKNOWN_TYPE, NO_DIMENSIONS), problem: (error as Error).message }
  }
  const { isImage, isVideo } = mediaKind(mimeType)
  const isMeasured = effort !== 'type-only' && (isImage || isVideo || isOneOf(mimeType, MAY_BE_PACKED_PICTURE))
  guide.note('measuring')
  const own = isMeasured ? ownDimensions(file, mimeType, effort) : NO_DIMENSIONS
  if (own !== null) return { about: about(mimeType, own), problem: null }
  if (guide.holdsBack) return null
  guide.note('mediainfo')
  const dimensions = libraries.mediaInfo.dimensions(file.fd, file.size, isImage ? 'picture' : 'film')
  return { about: about(mimeType, dimensions), problem: null }
}

/**
 * Null if MediaInfo is to be asked. Our own parsers know the size of pictures of the usual formats. A file that begins
 * as one of these and has no size is not given to MediaInfo either: MediaInfo would know no better, and most files from
 * strangers are pictures.
 */
function ownDimensions({ fd, size }: OpenFile, mimeType: string, effort: Effort): Dimensions | null {
  const { isImage, isVideo } = mediaKind(mimeType)
  if (!isVideo) {
    const picture = measurePicture(readerOfFile(fd, size))
    if (picture.kind === 'measured') return { ...picture.size, msDuration: 0 }
    if (picture.kind === 'unknown') return NO_DIMENSIONS
  }
  const isForMediaInfo = effort === 'full' && (isImage || isVideo) && mayReachMediaInfo(readerOfFile(fd, size))
  return isForMediaInfo ? null : NO_DIMENSIONS
}

function about(mimeType: string, dimensions: Dimensions): Omit<Metadata, 'hash'> {
  return { mimeType, ...mediaKind(mimeType), ...dimensions }
}
