/** Canon's CRW (CIFF): blocks in blocks, each with its directory behind its content. */
import type { BoundedReader } from './bounded-reader.ts'
import type { PictureFormat } from './picture-format.ts'

/** What leads to the width and height: the block of the picture's properties, then those of its size. */
const IMAGE_PROPERTIES = 0x300a
const IMAGE_INFO = 0x1810

const ENTRY_LENGTH = 10

type Block = { readonly start: number; readonly length: number }

export const canonCrw: PictureFormat = {
  begins: (head) => head.startsWith('HEAPCCDR', 6),
  size: (reader) => {
    const start = reader.uint(2, 4, 'little')
    const properties = findBlock(reader, { start, length: reader.size - start }, IMAGE_PROPERTIES)
    const info = properties === null ? null : findBlock(reader, properties, IMAGE_INFO)
    if (info === null) return null
    return { width: reader.uint(info.start, 4, 'little'), height: reader.uint(info.start + 4, 4, 'little') }
  },
}

/** The last four bytes of a block say where in the block its directory begins. */
function findBlock(reader: BoundedReader, { start, length }: Block, tag: number): Block | null {
  const directory = start + reader.uint(start + length - 4, 4, 'little')
  const count = reader.uint(directory, 2, 'little')
  for (let entry = 0; entry < count; entry += 1) {
    const at = directory + 2 + entry * ENTRY_LENGTH
    if (reader.uint(at, 2, 'little') !== tag) continue
    return { start: start + reader.uint(at + 6, 4, 'little'), length: reader.uint(at + 2, 4, 'little') }
  }
  return null
}
