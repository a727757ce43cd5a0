/** Windows icons and cursors: the largest of their pictures. */
import type { PictureFormat, PictureSize } from './picture-format.ts'

/** Icons, cursors. */
const KINDS = ['\0\0\x01\0', '\0\0\x02\0']

const FIRST_ENTRY = 6
const ENTRY_LENGTH = 16

export const icon: PictureFormat = {
  // A count below 256, and the reserved byte of the first entry.
  begins: (head) => KINDS.some((kind) => head.startsWith(kind)) && head[5] === '\0' && head[9] === '\0',
  size: (reader) => {
    let largest: PictureSize | null = null
    for (let entry = 0; entry < reader.uint(4, 2, 'little'); entry += 1) {
      const at = FIRST_ENTRY + entry * ENTRY_LENGTH
      // A byte has no room for 256, which is written as 0.
      const size = { width: reader.uint(at, 1) || 256, height: reader.uint(at + 1, 1) || 256 }
      if (largest === null || size.width * size.height > largest.width * largest.height) largest = size
    }
    return largest
  },
}
