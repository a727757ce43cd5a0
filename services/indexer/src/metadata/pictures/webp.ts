/** WebP (RFC 9649): lossy (`VP8 `), lossless (`VP8L`), and extended (`VP8X`), which has the size of the canvas. */
import type { BoundedReader } from './bounded-reader.ts'
import type { PictureFormat, PictureSize } from './picture-format.ts'

/** Where the first chunk's content begins. */
const CONTENT = 20

export const webp: PictureFormat = {
  begins: (head) => head.startsWith('RIFF') && head.startsWith('WEBP', 8),
  size: (reader) => {
    switch (reader.text(12, 4)) {
      case 'VP8X':
        return { width: 1 + reader.uint(CONTENT + 4, 3, 'little'), height: 1 + reader.uint(CONTENT + 7, 3, 'little') }
      case 'VP8L':
        return lossless(reader)
      case 'VP8 ':
        return lossy(reader)
      default:
        return null
    }
  },
}

function lossless(reader: BoundedReader): PictureSize | null {
  if (reader.uint(CONTENT, 1) !== 0x2f) return null
  const bits = reader.uint(CONTENT + 1, 4, 'little')
  return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) }
}

/** A key frame's header (RFC 6386, 9.1). The two upper bits of each side are a scale for the display. */
function lossy(reader: BoundedReader): PictureSize | null {
  if (reader.uint(CONTENT + 3, 3) !== 0x9d012a) return null
  const side = (at: number) => reader.uint(at, 2, 'little') & 0x3fff
  return { width: side(CONTENT + 6), height: side(CONTENT + 8) }
}
