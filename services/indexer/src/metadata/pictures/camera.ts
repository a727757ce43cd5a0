/** Raw photos that are no TIFF: Fujifilm's RAF, Minolta's MRW, Sigma's X3F. */
import type { BoundedReader } from './bounded-reader.ts'
import type { PictureFormat, PictureSize } from './picture-format.ts'

export const camera: PictureFormat = {
  begins: (head) => ['FUJIFILMCCD-RAW', '\0MRM', 'FOVb'].some((begin) => head.startsWith(begin)),
  size: (reader) => {
    switch (reader.text(0, 4)) {
      case 'FUJI':
        return fujifilm(reader)
      case '\0MRM':
        return minolta(reader)
      default:
        // Columns, then rows. As everywhere, no rotation is applied.
        return { width: reader.uint(28, 4, 'little'), height: reader.uint(32, 4, 'little') }
    }
  },
}

/**
 * Tags of Fujifilm's directory of the raw picture: its size with the borders that the camera leaves out, and without.
 */
const FULL_SIZE = 0x100
const CROPPED_SIZE = 0x111

/**
 * The cropped size, as exiftool gives it. Each entry has a tag and a length; here the height comes before the width.
 */
function fujifilm(reader: BoundedReader): PictureSize | null {
  const directory = reader.uint(92, 4)
  const count = reader.uint(directory, 4)
  let full: PictureSize | null = null
  for (let entry = 0, at = directory + 4; entry < count; entry += 1, at += 4 + reader.uint(at + 2, 2)) {
    const tag = reader.uint(at, 2)
    if (tag !== FULL_SIZE && tag !== CROPPED_SIZE) continue
    const size = { height: reader.uint(at + 4, 2), width: reader.uint(at + 6, 2) }
    if (tag === CROPPED_SIZE) return size
    full = size
  }
  return full
}

/** Each block has a name and a length. `PRD` has the sensor's height and width, then the picture's. */
function minolta(reader: BoundedReader): PictureSize | null {
  const end = 8 + reader.uint(4, 4)
  for (let at = 8; at < end; at += 8 + reader.uint(at + 4, 4)) {
    if (reader.text(at, 4) === '\0PRD') return { height: reader.uint(at + 20, 2), width: reader.uint(at + 22, 2) }
  }
  return null
}
