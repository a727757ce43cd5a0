/** Shows which size a HEIF file has: a small file made of boxes for each case. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { box, fullBox, number } from '../../../../../test/support/build-boxes.ts'
import { buildTiff } from '../../../../../test/support/build-tiff.ts'
import { measure } from '../../../../../test/support/measure.ts'

const NONE = Buffer.alloc(0)

function file(brand: string, ...boxes: readonly Buffer[]): Buffer {
  return Buffer.concat([box('ftyp', brand, number(0, 4), 'mif1'), ...boxes])
}

function size(width: number, height: number): Buffer {
  return fullBox('ispe', 0, 0, number(width, 4), number(height, 4))
}

type Picture = {
  readonly primary: number
  readonly properties: readonly Buffer[]
  /** The numbers of each item's properties. */
  readonly associations: readonly (readonly [item: number, properties: readonly number[]])[]
  readonly isWide?: boolean
}

/** `isWide`: item numbers of four bytes, property numbers of two, as in files with many tiles. */
function meta({ primary, properties, associations, isWide = false }: Picture): Buffer {
  const item = (id: number) => number(id, isWide ? 4 : 2)
  const entries = associations.map(([id, indexes]) => {
    const essential = isWide ? 0x8000 : 0x80
    const numbers = indexes.map((index) => number(index | essential, isWide ? 2 : 1))
    return Buffer.concat([item(id), number(indexes.length, 1), ...numbers])
  })
  const version = isWide ? 1 : 0
  const ipma = fullBox('ipma', version, version, number(entries.length, 4), ...entries)
  const pitm = fullBox('pitm', version, 0, item(primary))
  return fullBox('meta', 0, 0, fullBox('hdlr', 0, 0, 'pict'), pitm, box('iprp', box('ipco', ...properties), ipma))
}

const OTHER = box('hvcC', 'x')

test('HEIF: the size is that of the primary item, not of a tile, a thumbnail or what comes first', () => {
  const properties = [OTHER, size(512, 512), size(320, 240), OTHER, size(4032, 3024)]
  const associations = [
    [1, [1, 2]],
    [2, [2]],
    [49, [5]],
    [50, [4, 3]],
  ] as const
  for (const isWide of [false, true]) {
    for (const brand of ['heic', 'mif1', 'avif', 'heix']) {
      assert.equal(measure(file(brand, meta({ primary: 49, properties, associations, isWide }))), '4032x3024')
    }
  }
})

test('HEIF: many properties and many items are found as well', () => {
  const properties = [...Array.from({ length: 300 }, () => OTHER), size(4032, 3024)]
  const tiles = Array.from({ length: 1200 }, (_, n) => [n + 1, [1, 2, 3]] as const)
  const picture = { primary: 70_000, properties, associations: [...tiles, [70_000, [301]] as const], isWide: true }
  assert.equal(measure(file('heic', box('free', NONE), meta(picture))), '4032x3024')
})

test('HEIF: the size is as stored, whatever turns or mirrors the picture for the display', () => {
  const properties = [size(4032, 3024), box('irot', '\x01'), box('imir', '\0'), box('clap', 'x'.repeat(32))]
  assert.equal(measure(file('heic', meta({ primary: 1, properties, associations: [[1, [1, 2, 3, 4]]] }))), '4032x3024')
})

test('HEIF: without a primary item, or without its size, the size is unknown', () => {
  const properties = [OTHER, size(8, 8)]
  assert.equal(measure(file('heic', meta({ primary: 2, properties, associations: [[1, [2]]] }))), 'unknown')
  assert.equal(measure(file('heic', meta({ primary: 1, properties, associations: [[1, [1, 9]]] }))), 'unknown')
  assert.equal(measure(file('heic', fullBox('meta', 0, 0))), 'unknown')
  assert.equal(measure(file('heic')), 'unknown')
})

function track(handler: string, width: number, height: number): Buffer {
  const entry = box('hvc1', Buffer.alloc(24), number(width, 2), number(height, 2), Buffer.alloc(50))
  const table = box('stbl', fullBox('stsd', 0, 0, number(1, 4), entry))
  return box(
    'trak',
    fullBox('tkhd', 0, 7),
    box('mdia', fullBox('hdlr', 0, 0, number(0, 4), handler), box('minf', table)),
  )
}

test('HEIF: a sequence has the size of its first track of pictures', () => {
  const moov = box('moov', track('auxv', 1, 1), track('soun', 2, 2), track('pict', 640, 480), track('pict', 3, 3))
  const still = meta({ primary: 1, properties: [size(80, 60)], associations: [[1, [1]]] })
  assert.equal(measure(file('hevc', moov)), '640x480')
  assert.equal(measure(file('avis', still, moov)), '640x480', 'though there is a title picture')
  assert.equal(measure(file('msf1', still)), '80x60', 'unless there is nothing else')
  assert.equal(measure(file('heic', still, moov)), '80x60', 'a picture with a film beside it is a picture')
})

test('HEIF: the short form of a small picture', () => {
  const flags = '\x08\x08'
  assert.equal(measure(file('mif3', box('mini', flags, '\x1f\x3e'))), '32x32')
  assert.equal(measure(file('mif3', box('mini', flags, '\x80\xff\x01\xfe'))), '256x256')
})

test("Canon's CR3 has the size that its Exif data have, not that of a preview or of the whole sensor", () => {
  const uuid = Buffer.from('85c0b687820f11e08111f4ce462b6a48', 'hex')
  const exif = box('CMT1', buildTiff([{ 256: 6000, 257: 4000 }]))
  const tracks = [track('vide', 1620, 1080), track('vide', 6288, 4056)]
  const canon = box('uuid', uuid, box('CNCV', 'x'), box('CTBO', 'y'), exif, box('CMT2', 'z'))
  assert.equal(measure(file('crx ', box('moov', box('uuid', Buffer.alloc(20)), canon, ...tracks))), '6000x4000')
  assert.equal(measure(file('crx ', box('moov', ...tracks))), '1620x1080', 'or that of the first track')
})

test('boxes with sizes of 64 bits, and one up to the end', () => {
  const inner = meta({ primary: 1, properties: [size(80, 60)], associations: [[1, [1]]] }).subarray(8)
  const long = Buffer.concat([number(1, 4), Buffer.from('meta'), number(0, 4), number(16 + inner.length, 4), inner])
  const open = Buffer.concat([number(0, 4), Buffer.from('meta'), inner])
  assert.equal(measure(file('heic', long, box('mdat', 'x'))), '80x60')
  assert.equal(measure(file('heic', open)), '80x60')
})
