/** GIF, animated or not: the size of the screen on which its frames are drawn. */
import type { PictureFormat } from './picture-format.ts'

export const gif: PictureFormat = {
  begins: (head) => /^GIF8[79]a/.test(head),
  size: (reader) => ({ width: reader.uint(6, 2, 'little'), height: reader.uint(8, 2, 'little') }),
}
