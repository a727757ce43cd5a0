/** Windows icons and cursors. Of several pictures the first counts. */
import type { PictureFormat } from './picture-format.ts'

/** Icons, cursors. */
const KINDS = ['\0\0\x01\0', '\0\0\x02\0']

/** A byte has no room for 256, which is written as 0. */
const BEYOND_A_BYTE = 256

export const icon: PictureFormat = {
  // Behind the kind comes a count below 256, which a TGA does not have there; the first entry has a reserved byte.
  begins: (head) =>
    KINDS.some((kind) => head.startsWith(kind)) && head.charCodeAt(4) > 0 && head[5] === '\0' && head[9] === '\0',
  size: (reader) => ({ width: reader.uint(6, 1) || BEYOND_A_BYTE, height: reader.uint(7, 1) || BEYOND_A_BYTE }),
}
