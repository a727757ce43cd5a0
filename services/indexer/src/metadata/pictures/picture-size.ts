/** Width and height of a picture from its own header, without a C library. */

import { type BoundedReader, OutOfReachError } from './bounded-reader.ts'
import { FORMATS } from './formats.ts'
import { HEAD_LENGTH, type PictureSize } from './picture-format.ts'

export type PictureAnswer =
  | { readonly kind: 'measured'; readonly size: PictureSize }
  /** It begins as one of our formats, but has no size within what it may cost. */
  | { readonly kind: 'unknown' }
  /** None of our formats. */
  | { readonly kind: 'foreign' }

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
