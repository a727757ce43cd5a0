/** OpenEXR: the display window, whatever part of it, or around it, has pixels. */
import type { BoundedReader } from './bounded-reader.ts'
import type { PictureFormat, PictureSize } from './picture-format.ts'

const FIRST_ATTRIBUTE = 8
/** The longest name of an attribute or type, with a zero at the end. */
const NAME_MAX = 256

export const openExr: PictureFormat = {
  begins: (head) => head.startsWith('\x76\x2f\x31\x01'),
  size: (reader) => {
    // Each attribute has a name, a type, and the length of its value. An empty name ends the header.
    for (let at = FIRST_ATTRIBUTE; ; ) {
      const name = nameAt(reader, at)
      if (name === '') return null
      const typeAt = at + name.length + 1
      const lengthAt = typeAt + nameAt(reader, typeAt).length + 1
      if (name === 'displayWindow') return windowSize(reader, lengthAt + 4)
      at = lengthAt + 4 + reader.uint(lengthAt, 4, 'little')
    }
  },
}

/** From the first and last column and row, all signed. */
function windowSize(reader: BoundedReader, at: number): PictureSize {
  const number = (n: number) => reader.uint(at + 4 * n, 4, 'little') | 0
  return { width: 1 + number(2) - number(0), height: 1 + number(3) - number(1) }
}

function nameAt(reader: BoundedReader, at: number): string {
  const text = reader.text(at, Math.min(NAME_MAX, reader.size - at))
  const end = text.indexOf('\0')
  return end === -1 ? text : text.slice(0, end)
}
