/** JPEG 2000 (ITU T.800, T.801): a codestream, or boxes around one. */
import type { BoundedReader } from './bounded-reader.ts'
import { findBox, wholeFile } from './iso-boxes.ts'
import type { PictureFormat, PictureSize } from './picture-format.ts'

const CODESTREAM = '\xff\x4f\xff\x51'

export const jpeg2000: PictureFormat = {
  begins: (head) => head.startsWith(CODESTREAM) || head.startsWith('\0\0\0\x0cjP  '),
  size: (reader) => {
    if (reader.text(0, 4) === CODESTREAM) return codestreamSize(reader, 0)
    const header = findBox(reader, wholeFile(reader), 'jp2h')
    const image = header === null ? null : findBox(reader, header, 'ihdr')
    if (image !== null) return { height: reader.uint(image.start, 4), width: reader.uint(image.start + 4, 4) }
    const codestream = findBox(reader, wholeFile(reader), 'jp2c')
    return codestream === null ? null : codestreamSize(reader, codestream.start)
  },
}

/** The picture lies on a grid. The grid begins at 0, the picture perhaps later. */
function codestreamSize(reader: BoundedReader, at: number): PictureSize {
  return {
    width: reader.uint(at + 8, 4) - reader.uint(at + 16, 4),
    height: reader.uint(at + 12, 4) - reader.uint(at + 20, 4),
  }
}
