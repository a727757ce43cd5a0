/** Whether a film in ISO media or QuickTime says that the data of one of its tracks are in another file. */
import { inflateSync } from 'node:zlib'
import { type BoundedReader, OutOfReachError, readerOfBytes } from './pictures/bounded-reader.ts'
import { type Box, boxesIn, findBox, findInside, type Stretch, wholeFile } from './pictures/iso-boxes.ts'

/** Boxes to look at before the one that describes the film. They may lie gigabytes apart, and a disk seeks for each. */
const BOXES_MAX = 64

/** The most that a compressed description may inflate to. Bytes. */
const DESCRIPTION_MAX = 8 * 1024 * 1024

/** Bit 0 of an entry's flags (ISO/IEC 14496-12, 8.7.2): the data are in the same file. */
const SELF_CONTAINED = 1

/**
 * False for anything else than such a film.
 *
 * @throws {OutOfReachError} if the answer can't be found within the limits
 */
export function opensOtherFiles(reader: BoundedReader): boolean {
  // Any name will do: MediaInfo takes many boxes for the start of a film.
  if (reader.size < 16 || !/^[\w \xa9-]{4}$/.test(reader.text(4, 4))) return false
  let boxes = 0
  for (const box of boxesIn(reader, wholeFile(reader))) {
    if (box.type === 'moov') return isDescribedElsewhere(reader, box)
    boxes += 1
    if (boxes === BOXES_MAX) throw new OutOfReachError('too many boxes')
  }
  return false
}

function isDescribedElsewhere(reader: BoundedReader, movie: Stretch): boolean {
  for (const box of boxesIn(reader, movie)) {
    if (box.type === 'cmov' && isCompressedElsewhere(reader, box)) return true
    if (box.type !== 'trak') continue
    const references = findInside(reader, box, 'mdia', 'minf', 'dinf', 'dref')
    if (references !== null && leadsElsewhere(reader, references)) return true
  }
  return false
}

/** A full box with a count, then an entry for each place where data are. */
function leadsElsewhere(reader: BoundedReader, references: Box): boolean {
  for (const { start, end } of boxesIn(reader, { start: references.start + 8, end: references.end })) {
    if (end - start < 4 || (reader.uint(start + 3, 1) & SELF_CONTAINED) === SELF_CONTAINED) continue
    // Some programs forget the flag. An entry that names nothing leads nowhere.
    if (/[^\0]/.test(reader.text(start + 4, end - start - 4))) return true
  }
  return false
}

/** QuickTime before 2005 may compress the whole description: its length, then a zlib stream. */
function isCompressedElsewhere(reader: BoundedReader, compressed: Box): boolean {
  const content = findBox(reader, compressed, 'cmvd')
  if (content === null) return false
  try {
    const packed = reader.bytes(content.start + 4, content.end - content.start - 4)
    const inner = readerOfBytes(inflateSync(packed, { maxOutputLength: DESCRIPTION_MAX }))
    const movie = findBox(inner, wholeFile(inner), 'moov')
    return movie !== null && isDescribedElsewhere(inner, movie)
  } catch (error) {
    throw error instanceof OutOfReachError ? error : new OutOfReachError('a description that does not inflate')
  }
}
