/** PCX: the size follows from the first and last column and row. */
import type { PictureFormat } from './picture-format.ts'

/** Behind the version: the packing, which is always 1, and the bits a pixel and plane. */
const PACKING = '\x01'
const DEPTHS = '\x01\x02\x04\x08'

export const pcx: PictureFormat = {
  begins: (head) =>
    head.startsWith('\x0a') && head.charCodeAt(1) <= 5 && head[2] === PACKING && DEPTHS.includes(head[3] ?? '?'),
  size: (reader) => ({
    width: 1 + reader.uint(8, 2, 'little') - reader.uint(4, 2, 'little'),
    height: 1 + reader.uint(10, 2, 'little') - reader.uint(6, 2, 'little'),
  }),
}
