/** Windows and OS/2 bitmaps. A negative height says that the rows go from top to bottom. */
import type { PictureFormat } from './picture-format.ts'

/** The length of the oldest header (BITMAPCOREHEADER), which has sides of 16 bits. */
const CORE_HEADER = 12

export const bmp: PictureFormat = {
  // The length of the header that follows the first 14 bytes, which is 124 at most.
  begins: (head) => head.startsWith('BM') && head.startsWith('\0\0\0', 15) && head.charCodeAt(14) >= CORE_HEADER,
  size: (reader) => {
    if (reader.uint(14, 4, 'little') === CORE_HEADER) {
      return { width: reader.uint(18, 2, 'little'), height: reader.uint(20, 2, 'little') }
    }
    return { width: reader.uint(18, 4, 'little'), height: Math.abs(reader.uint(22, 4, 'little') | 0) }
  },
}
