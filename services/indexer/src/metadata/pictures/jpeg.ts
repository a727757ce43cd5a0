/**
 * JPEG (ITU T.81), JPEG-LS, and formats that begin with one: MPO, motion photos, JPEGs with a preview. The size is that
 * of the first frame header outside of all segments; a thumbnail lies in one.
 */
import type { BoundedReader } from './bounded-reader.ts'
import type { PictureFormat } from './picture-format.ts'

const START_OF_SCAN = 0xda
const END_OF_IMAGE = 0xd9
const JPEG_LS_FRAME = 0xf7

export const jpeg: PictureFormat = {
  begins: (head) => head.startsWith('\xff\xd8\xff'),
  size: (reader) => {
    for (let at = 2; ; ) {
      at = afterMarker(reader, at)
      const marker = reader.uint(at - 1, 1)
      if (isFrame(marker)) return { height: reader.uint(at + 3, 2), width: reader.uint(at + 5, 2) }
      // A frame header would have come before the scan or the end.
      if (marker === START_OF_SCAN || marker === END_OF_IMAGE) return null
      if (!standsAlone(marker)) at += Math.max(2, reader.uint(at, 2))
    }
  },
}

/** Any number of fill bytes (0xFF) may stand before a marker (B.1.1.2). Other bytes are skipped, as libjpeg does. */
function afterMarker(reader: BoundedReader, from: number): number {
  for (let at = from, isFilled = false; ; at += 1) {
    const byte = reader.uint(at, 1)
    if (isFilled && byte !== 0xff && byte !== 0) return at + 1
    isFilled = byte === 0xff
  }
}

/** SOF0 to SOF15, without DHT, JPG and DAC, whose numbers are among them. */
function isFrame(marker: number): boolean {
  if (marker === JPEG_LS_FRAME) return true
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}

/** TEM, RST0 to RST7, SOI: no length follows. */
function standsAlone(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)
}
