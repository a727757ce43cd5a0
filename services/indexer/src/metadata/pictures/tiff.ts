/**
 * TIFF, BigTIFF, JPEG XR, and the raw photos made like a TIFF: NEF, DNG, CR2, ARW, ORF, RW2, PEF, SRW, IIQ and others.
 * A file is a chain of directories, one a page, and each may have further directories below it (SubIFDs).
 */
import type { BoundedReader, ByteOrder } from './bounded-reader.ts'
import type { PictureFormat, PictureSize } from './picture-format.ts'

/** Directories that are looked at. The first is mostly the page; a raw picture is below it. */
const DIRECTORIES_MAX = 64
/** Entries of a directory, and values of an entry, that are looked at. */
const ENTRIES_MAX = 1024
const VALUES_MAX = 16

/** Tags of TIFF 6.0 and its supplements, of Exif, and of the formats named. */
const TAG = {
  newSubfileType: 0xfe,
  subfileType: 0xff,
  width: 0x100,
  height: 0x101,
  photometric: 0x106,
  subDirectories: 0x14a,
  exif: 0x8769,
  exifWidth: 0xa002,
  exifHeight: 0xa003,
  jpegXrWidth: 0xbc80,
  jpegXrHeight: 0xbc81,
  panasonicSensorWidth: 0x02,
  panasonicSensorHeight: 0x03,
  panasonicTop: 0x04,
  panasonicLeft: 0x05,
  panasonicBottom: 0x06,
  panasonicRight: 0x07,
} as const
const TAGS: ReadonlySet<number> = new Set(Object.values(TAG))

/** Bytes of a value by its type: BYTE, SHORT, LONG, IFD, LONG8, IFD8. Other types are not needed here. */
const VALUE_BYTES: Readonly<Record<number, 1 | 2 | 4 | 8>> = { 1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8 }

/** Bits of NewSubfileType: a smaller version of another picture, a mask, a depth map. */
const LESSER_KINDS = 0b1101
/** A value of SubfileType, which is older. */
const REDUCED = 2

/** Values of PhotometricInterpretation that only a raw picture has: a colour filter array, LinearRaw. */
const RAW_PHOTOMETRICS: readonly (number | undefined)[] = [32803, 34892]

/** TIFF and BigTIFF in both byte orders, RW2, JPEG XR, ORF. */
const BEGINNINGS = ['II*\0', 'MM\0*', 'II+\0', 'MM\0+', 'IIU\0', 'II\xbc\x01', 'IIRO', 'IIRS', 'MMOR']

/** CR2 and IIQ have these behind the header. */
const TOLD_BY_EXIF = ['CR\x02', 'IIII', 'MMMM']

export const tiff: PictureFormat = {
  begins: (head) => BEGINNINGS.some((beginning) => head.startsWith(beginning)),
  size: (reader) => tiffSize(reader),
}

/** Position 0 of the reader is the first byte of the header. */
export function tiffSize(reader: BoundedReader): PictureSize | null {
  const file = readHeader(reader)
  const lesser: PictureSize[] = []
  for (const page of pagesOf(file)) {
    const size = file.tellsByExif ? exifSize(file, page) : wholeSize(page)
    if (size !== null) return size
    lesser.push(...page.map(sizeOf).filter((one) => one !== null))
  }
  return lesser.toSorted((one, other) => area(other) - area(one))[0] ?? null
}

/** The size of a page: of its raw picture, else of the first directory that is no smaller version of another. */
function wholeSize(page: readonly Directory[]): PictureSize | null {
  const whole = page.filter((directory) => isWhole(directory) && sizeOf(directory) !== null)
  const best = whole.find(isRaw) ?? whole[0]
  return best === undefined ? null : sizeOf(best)
}

type TiffFile = {
  readonly reader: BoundedReader
  readonly order: ByteOrder
  readonly isBig: boolean
  readonly first: number
  /**
   * Canon's CR2 and Phase One's IIQ may have a preview's size in the first directory. The Exif directory has the
   * picture's.
   */
  readonly tellsByExif: boolean
}

function readHeader(reader: BoundedReader): TiffFile {
  const order = reader.text(0, 2) === 'MM' ? 'big' : 'little'
  const isBig = reader.uint(2, 2, order) === 43
  return {
    reader,
    order,
    isBig,
    first: isBig ? reader.uint(8, 8, order) : reader.uint(4, 4, order),
    tellsByExif: TOLD_BY_EXIF.some((beginning) => reader.text(8, 4).startsWith(beginning)),
  }
}

/** Values by tag; only the tags above. */
type Directory = ReadonlyMap<number, readonly number[]>

/** Each page with the directories below it, the page's own first. No directory is read twice, wherever others point. */
function* pagesOf(file: TiffFile): Generator<readonly Directory[]> {
  const seen = new Set<number>()
  for (let at = file.first; at > 0; ) {
    const page: Directory[] = []
    let nextPage = 0
    for (const queue = [at]; queue.length > 0; ) {
      const from = queue.shift() as number
      if (seen.has(from) || seen.size === DIRECTORIES_MAX) continue
      seen.add(from)
      const { directory, next } = readDirectory(file, from)
      if (page.length === 0) nextPage = next
      page.push(directory)
      queue.push(...(directory.get(TAG.subDirectories) ?? []))
    }
    if (page.length === 0) return
    yield page
    at = nextPage
  }
}

function readDirectory({ reader, order, isBig }: TiffFile, at: number): { directory: Directory; next: number } {
  const countBytes = isBig ? 8 : 2
  const entryBytes = isBig ? 20 : 12
  const positionBytes = isBig ? 8 : 4
  const count = reader.uint(at, countBytes, order)
  const directory = new Map<number, readonly number[]>()
  for (let entry = 0; entry < Math.min(count, ENTRIES_MAX); entry += 1) {
    const entryAt = at + countBytes + entry * entryBytes
    const tag = reader.uint(entryAt, 2, order)
    if (!TAGS.has(tag)) continue
    const bytes = VALUE_BYTES[reader.uint(entryAt + 2, 2, order)]
    if (bytes === undefined) continue
    const values = reader.uint(entryAt + 4, positionBytes, order)
    const valueAt = entryAt + 4 + positionBytes
    // Values that do not fit into the entry are elsewhere.
    const from = values * bytes <= positionBytes ? valueAt : reader.uint(valueAt, positionBytes, order)
    const length = Math.min(values, VALUES_MAX)
    directory.set(
      tag,
      Array.from({ length }, (_, n) => reader.uint(from + n * bytes, bytes, order)),
    )
  }
  const nextAt = at + countBytes + count * entryBytes
  return { directory, next: nextAt + positionBytes <= reader.size ? reader.uint(nextAt, positionBytes, order) : 0 }
}

function sizeOf(directory: Directory): PictureSize | null {
  return (
    sides(directory, TAG.width, TAG.height) ??
    sides(directory, TAG.jpegXrWidth, TAG.jpegXrHeight) ??
    panasonicSize(directory)
  )
}

function sides(directory: Directory, widthTag: number, heightTag: number): PictureSize | null {
  const [width] = directory.get(widthTag) ?? []
  const [height] = directory.get(heightTag) ?? []
  return width && height ? { width, height } : null
}

/** The part of the sensor that is the picture, or else the whole sensor. */
function panasonicSize(directory: Directory): PictureSize | null {
  const [top = 0] = directory.get(TAG.panasonicTop) ?? []
  const [left = 0] = directory.get(TAG.panasonicLeft) ?? []
  const [bottom = 0] = directory.get(TAG.panasonicBottom) ?? []
  const [right = 0] = directory.get(TAG.panasonicRight) ?? []
  if (right > left && bottom > top) return { width: right - left, height: bottom - top }
  return sides(directory, TAG.panasonicSensorWidth, TAG.panasonicSensorHeight)
}

function exifSize(file: TiffFile, [first]: readonly Directory[]): PictureSize | null {
  const [at] = first?.get(TAG.exif) ?? []
  return at === undefined ? null : sides(readDirectory(file, at).directory, TAG.exifWidth, TAG.exifHeight)
}

function isWhole(directory: Directory): boolean {
  const [kind] = directory.get(TAG.newSubfileType) ?? []
  if (kind !== undefined) return (kind & LESSER_KINDS) === 0
  return directory.get(TAG.subfileType)?.[0] !== REDUCED
}

function isRaw(directory: Directory): boolean {
  return RAW_PHOTOMETRICS.includes(directory.get(TAG.photometric)?.[0])
}

function area({ width, height }: PictureSize): number {
  return width * height
}
