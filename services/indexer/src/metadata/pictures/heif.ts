/**
 * HEIF, HEIC, AVIF (ISO/IEC 23008-12) and Canon's CR3. The size of a picture is that of its primary item, which for a
 * picture made of tiles has the whole size. A sequence is a track like a film's.
 */
import type { BoundedReader } from './bounded-reader.ts'
import { type Box, boxesIn, findBox, findInside, type Stretch, wholeFile } from './iso-boxes.ts'
import type { PictureFormat, PictureSize } from './picture-format.ts'
import { tiffSize } from './tiff.ts'

/** Major brands of sequences, whose primary item may be no more than a title picture. */
const SEQUENCE_BRANDS = /^(msf1|he(vc|vx|vm|vs)|avis|avcs|vvis|j2ks|jpes)$/

/** The id of Canon's box: these 16 bytes, then boxes, of which `CMT1` is a TIFF without pictures. */
const CANON_UUID = '85c0b687820f11e08111f4ce462b6a48'

export const heif: PictureFormat = {
  begins: (head) => head.startsWith('ftyp', 4),
  size: (reader) => {
    const brand = reader.text(8, 4)
    if (brand === 'crx ') return canonSize(reader) ?? sequenceSize(reader)
    if (SEQUENCE_BRANDS.test(brand)) return sequenceSize(reader) ?? itemSize(reader)
    return itemSize(reader) ?? sequenceSize(reader)
  },
}

function itemSize(reader: BoundedReader): PictureSize | null {
  for (const box of boxesIn(reader, wholeFile(reader))) {
    if (box.type === 'meta') return primaryItemSize(reader, contentOf(box))
    if (box.type === 'mini') return minimizedSize(reader, box)
  }
  return null
}

/** A full box begins with version and flags. */
function contentOf(box: Box): Stretch {
  return { start: box.start + 4, end: box.end }
}

function primaryItemSize(reader: BoundedReader, meta: Stretch): PictureSize | null {
  const primary = findBox(reader, meta, 'pitm')
  const properties = findBox(reader, meta, 'iprp')
  if (primary === null || properties === null) return null
  const item = reader.uint(primary.start + 4, reader.uint(primary.start, 1) === 0 ? 2 : 4)
  const sizes = sizesByIndex(reader, properties)
  for (const box of boxesIn(reader, properties)) {
    const size = box.type === 'ipma' ? sizeOfItem(reader, box, item, sizes) : null
    if (size !== null) return size
  }
  return null
}

/** The sizes (`ispe`) among the properties, which are numbered from 1. */
function sizesByIndex(reader: BoundedReader, properties: Box): ReadonlyMap<number, PictureSize> {
  const sizes = new Map<number, PictureSize>()
  const container = findBox(reader, properties, 'ipco')
  if (container === null) return sizes
  let index = 0
  for (const { type, start } of boxesIn(reader, container)) {
    index += 1
    if (type === 'ispe') sizes.set(index, { width: reader.uint(start + 4, 4), height: reader.uint(start + 8, 4) })
  }
  return sizes
}

/**
 * `ipma` has the numbers of each item's properties. The highest bit of a number says that a reader must understand it.
 */
function sizeOfItem(
  reader: BoundedReader,
  associations: Box,
  item: number,
  sizes: ReadonlyMap<number, PictureSize>,
): PictureSize | null {
  const itemBytes = reader.uint(associations.start, 1) === 0 ? 2 : 4
  const indexBytes = (reader.uint(associations.start + 3, 1) & 1) === 0 ? 1 : 2
  const entries = reader.uint(associations.start + 4, 4)
  let at = associations.start + 8
  for (let entry = 0; entry < entries && at < associations.end; entry += 1) {
    const id = reader.uint(at, itemBytes)
    const count = reader.uint(at + itemBytes, 1)
    at += itemBytes + 1
    for (let n = 0; id === item && n < count; n += 1) {
      const index = reader.uint(at + n * indexBytes, indexBytes) & (indexBytes === 1 ? 0x7f : 0x7fff)
      const size = sizes.get(index)
      if (size !== undefined) return size
    }
    at += count * indexBytes
  }
  return null
}

/**
 * `mini`, the short form for small pictures: two bytes of flags, a bit for the length of the sides, then each side less
 * 1.
 */
function minimizedSize(reader: BoundedReader, { start }: Box): PictureSize {
  const isLarge = reader.uint(start + 2, 1) >= 0x80
  if (isLarge) {
    return { width: 1 + (reader.uint(start + 2, 2) & 0x7fff), height: 1 + (reader.uint(start + 4, 2) >>> 1) }
  }
  return { width: 1 + reader.uint(start + 2, 1), height: 1 + (reader.uint(start + 3, 1) >>> 1) }
}

/** The size of the first track of pictures. Tracks of their transparency or depth have another handler (`auxv`). */
function sequenceSize(reader: BoundedReader): PictureSize | null {
  const movie = findBox(reader, wholeFile(reader), 'moov')
  if (movie === null) return null
  for (const track of boxesIn(reader, movie)) {
    if (track.type !== 'trak') continue
    const handler = findInside(reader, track, 'mdia', 'hdlr')
    if (handler === null || !/^(pict|vide)$/.test(reader.text(handler.start + 8, 4))) continue
    const entries = findInside(reader, track, 'mdia', 'minf', 'stbl', 'stsd')
    // Before the sides of the first entry are the box's own header and the count, then a size, a type and 24 bytes.
    const at = entries === null ? 0 : entries.start + 8 + 32
    if (entries !== null && at + 4 <= entries.end) return { width: reader.uint(at, 2), height: reader.uint(at + 2, 2) }
  }
  return null
}

/**
 * The first directory of the Exif data has the picture's size. Of the tracks one is a preview and one the whole sensor.
 */
function canonSize(reader: BoundedReader): PictureSize | null {
  const movie = findBox(reader, wholeFile(reader), 'moov')
  if (movie === null) return null
  for (const { type, start, end } of boxesIn(reader, movie)) {
    if (type !== 'uuid' || reader.bytes(start, 16).toString('hex') !== CANON_UUID) continue
    const exif = findBox(reader, { start: start + 16, end }, 'CMT1')
    return exif === null ? null : tiffSize(reader.within(exif.start, exif.end - exif.start))
  }
  return null
}
