/** The parser of a picture format. */
import type { BoundedReader } from './bounded-reader.ts'

/** Pixels as stored: no orientation, mirroring or rotation (EXIF, `irot`, `imir`) is applied. */
export type PictureSize = { readonly width: number; readonly height: number }

export type PictureFormat = {
  /** `head` are the first `HEAD_LENGTH` bytes, or fewer, one character each. */
  readonly begins: (head: string) => boolean
  /**
   * Null if the file has none. Whether the numbers can be a size is not the parser's concern.
   *
   * @throws {OutOfReachError} if the file ends too early or costs too much
   */
  readonly size: (reader: BoundedReader) => PictureSize | null
}

export const HEAD_LENGTH = 64
