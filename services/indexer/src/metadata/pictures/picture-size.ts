/** Width and height of a picture from its own header, without a C library. */

import { bmp } from './bmp.ts'
import { type BoundedReader, OutOfReachError } from './bounded-reader.ts'
import { camera } from './camera.ts'
import { canonCrw } from './canon-crw.ts'
import { djvu } from './djvu.ts'
import { fixedHeader } from './fixed-header.ts'
import { gif } from './gif.ts'
import { gzippedSvg } from './gzipped-svg.ts'
import { heif } from './heif.ts'
import { icon } from './icon.ts'
import { jpeg } from './jpeg.ts'
import { jpeg2000 } from './jpeg-2000.ts'
import { jpegXl } from './jpeg-xl.ts'
import { netpbm } from './netpbm.ts'
import { openExr } from './open-exr.ts'
import { pcx } from './pcx.ts'
import { HEAD_LENGTH, type PictureFormat, type PictureSize } from './picture-format.ts'
import { png } from './png.ts'
import { svg } from './svg.ts'
import { tiff } from './tiff.ts'
import { webp } from './webp.ts'

export type PictureAnswer =
  | { readonly kind: 'measured'; readonly size: PictureSize }
  /** It begins as one of our formats, but has no size within what it may cost. */
  | { readonly kind: 'unknown' }
  /** None of our formats. */
  | { readonly kind: 'foreign' }

/** The common formats come first. */
const FORMATS: readonly PictureFormat[] = [
  jpeg,
  png,
  heif,
  webp,
  gif,
  tiff,
  svg,
  gzippedSvg,
  bmp,
  jpegXl,
  jpeg2000,
  camera,
  canonCrw,
  djvu,
  icon,
  netpbm,
  pcx,
  openExr,
  fixedHeader,
]

/** The API describes a side as a 32-bit number. */
const SIDE_MAX = 0x7fff_ffff

/**
 * Measures a file that is known to be a picture: in ISO media this function does not distinguish pictures from films.
 * The first bytes choose the parser, never a name.
 */
export function measurePicture(reader: BoundedReader): PictureAnswer {
  try {
    const head = reader.text(0, Math.min(HEAD_LENGTH, reader.size))
    const format = FORMATS.find(({ begins }) => begins(head))
    if (format === undefined) return { kind: 'foreign' }
    const size = format.size(reader)
    return size !== null && isSide(size.width) && isSide(size.height) ? { kind: 'measured', size } : { kind: 'unknown' }
  } catch (error) {
    if (error instanceof OutOfReachError) return { kind: 'unknown' }
    throw error
  }
}

function isSide(pixels: number): boolean {
  return Number.isInteger(pixels) && pixels > 0 && pixels <= SIDE_MAX
}
