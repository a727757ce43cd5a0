/** JPEG XL (ISO/IEC 18181): a codestream, or boxes that hold one, whole or in parts. */
import { type BoundedReader, OutOfReachError } from './bounded-reader.ts'
import { boxesIn, wholeFile } from './iso-boxes.ts'
import type { PictureFormat, PictureSize } from './picture-format.ts'

const SIGNATURE = '\xff\x0a'
const CONTAINER = '\0\0\0\x0cJXL \r\n\x87\n'

/** The size header ends within so many bytes: 2 of signature and 80 bits. */
const BEGINNING = 12

export const jpegXl: PictureFormat = {
  begins: (head) => head.startsWith(SIGNATURE) || head.startsWith(CONTAINER),
  size: (reader) => {
    const codestream = beginningOfCodestream(reader)
    return codestream.toString('latin1', 0, 2) === SIGNATURE ? sizeHeader(bitsOf(codestream.subarray(2))) : null
  },
}

function beginningOfCodestream(reader: BoundedReader): Buffer {
  if (reader.text(0, 2) === SIGNATURE) return reader.bytes(0, Math.min(BEGINNING, reader.size))
  let beginning = Buffer.alloc(0)
  for (const { type, start, end } of boxesIn(reader, wholeFile(reader))) {
    // A part begins with its number.
    const from = type === 'jxlp' ? start + 4 : start
    if ((type !== 'jxlp' && type !== 'jxlc') || from > end) continue
    beginning = Buffer.concat([beginning, reader.bytes(from, Math.min(BEGINNING - beginning.length, end - from))])
    if (type === 'jxlc' || beginning.length >= BEGINNING) break
  }
  return beginning
}

/** Takes the next `count` bits, the lowest of a byte first. */
type Bits = (count: number) => number

function bitsOf(bytes: Buffer): Bits {
  let position = 0
  return (count) => {
    let value = 0
    for (let bit = 0; bit < count; bit += 1, position += 1) {
      const byte = bytes[position >>> 3]
      if (byte === undefined) throw new OutOfReachError('beyond the end')
      value += ((byte >>> (position & 7)) & 1) * 2 ** bit
    }
    return value
  }
}

/** Width to height by `ratio`, from 1 (table 4 of part 1). */
const RATIOS = [
  [1, 1],
  [12, 10],
  [4, 3],
  [3, 2],
  [16, 9],
  [5, 4],
  [2, 1],
] as const

function sizeHeader(bits: Bits): PictureSize {
  const isSmall = bits(1) === 1
  const side = () => (isSmall ? 8 * (1 + bits(5)) : 1 + bits([9, 13, 18, 30][bits(2)] as number))
  const height = side()
  const ratio = RATIOS[bits(3) - 1]
  return { height, width: ratio === undefined ? side() : Math.floor((height * ratio[0]) / ratio[1]) }
}
