/** Shows which size a TIFF, or a raw photo made like one, has: a small file made for each case. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildTiff, type Entries, type TiffOptions } from '../../../../../test/support/build-tiff.ts'
import { measure } from '../../../../../test/support/measure.ts'

const TAG = { newSubfileType: 0xfe, subfileType: 0xff, photometric: 0x106, subDirectories: 0x14a, exif: 0x8769 }
const COLOUR_FILTER_ARRAY = 32803
const LINEAR_RAW = 34892
const RGB = 2

function directory(width: number, height: number, others: Entries = {}): Entries {
  return { 256: width, 257: height, ...others }
}

const MAIN = directory(6000, 4000)
const THUMBNAIL = directory(160, 120, { [TAG.newSubfileType]: 1 })

const FILES: Readonly<Record<string, { pages: readonly Entries[]; options?: TiffOptions; expected?: string }>> = {
  'one page': { pages: [MAIN] },
  'several pages, of which the first counts': { pages: [MAIN, directory(100, 100)] },
  'thumbnails before the page': { pages: [THUMBNAIL, directory(80, 60, { [TAG.subfileType]: 2 }), MAIN] },
  'a mask and a depth map before the page': {
    pages: [directory(9, 9, { [TAG.newSubfileType]: 4 }), directory(9, 9, { [TAG.newSubfileType]: 8 }), MAIN],
  },
  'nothing but thumbnails, of which the largest counts': {
    pages: [THUMBNAIL, { ...MAIN, [TAG.newSubfileType]: 1 }, THUMBNAIL],
  },
  'a raw below a thumbnail, behind a preview (NEF)': {
    pages: [{ ...THUMBNAIL, [TAG.subDirectories]: [directory(1620, 1080, { [TAG.newSubfileType]: 1 }), MAIN] }],
  },
  'a raw below a thumbnail, before a mask (DNG)': {
    pages: [
      {
        ...THUMBNAIL,
        [TAG.subDirectories]: [
          directory(6000, 4000, { [TAG.newSubfileType]: 0, [TAG.photometric]: LINEAR_RAW }),
          directory(7000, 7000, { [TAG.newSubfileType]: 4 }),
        ],
      },
    ],
  },
  'a preview that does not say it is one (SRW)': {
    pages: [
      directory(160, 120, {
        [TAG.photometric]: RGB,
        [TAG.subDirectories]: [{ ...MAIN, [TAG.photometric]: COLOUR_FILTER_ARRAY }],
      }),
    ],
  },
  'a raw two levels below': { pages: [{ ...THUMBNAIL, [TAG.subDirectories]: [{ [TAG.subDirectories]: [MAIN] }] }] },
  'a raw that is the first page, with previews behind (PEF)': {
    pages: [directory(6000, 4000, { [TAG.photometric]: COLOUR_FILTER_ARRAY }), directory(7000, 5000)],
  },
  'Canon: a preview first, and what Exif says of the picture (CR2)': {
    pages: [directory(2496, 1664, { [TAG.exif]: [{ 40962: 6000, 40963: 4000 }] }), directory(160, 120)],
    options: { behindHeader: 'CR\x02\0....' },
  },
  'Canon without Exif, where a preview is smaller than the picture (CR2)': {
    pages: [directory(2496, 1664), directory(160, 120), directory(300, 200), MAIN],
    options: { behindHeader: 'CR\x02\0....' },
  },
  'Phase One (IIQ)': {
    pages: [directory(100, 75, { [TAG.exif]: [{ 40962: 6000, 40963: 4000 }] })],
    options: { behindHeader: 'IIII....' },
  },
  'Exif tells nothing where the picture itself does': {
    pages: [directory(6000, 4000, { [TAG.exif]: [{ 40962: 1, 40963: 1 }] })],
  },
  'Olympus (ORF)': { pages: [MAIN], options: { version: 0x4f52 } },
  'Olympus, other models (ORF)': { pages: [MAIN], options: { version: 0x5352 } },
  'Panasonic: borders on the sensor (RW2)': {
    pages: [{ 2: 6016, 3: 4016, 4: 8, 5: 12, 6: 4008, 7: 6012 }],
    options: { version: 0x55 },
  },
  'Panasonic: the sensor where no borders are said (RW2)': {
    pages: [{ 2: 6000, 3: 4000 }],
    options: { version: 0x55 },
  },
  'JPEG XR': { pages: [{ 48256: 6000, 48257: 4000 }], options: { version: 0x01bc } },
}

for (const [what, { pages, options = {}, expected = '6000x4000' }] of Object.entries(FILES)) {
  test(`TIFF: ${what}`, () => {
    assert.equal(measure(buildTiff(pages, options)), expected)
    // The other cases exist in one byte order only.
    const isEither = options.version === undefined && options.behindHeader === undefined
    if (isEither) assert.equal(measure(buildTiff(pages, { ...options, order: 'big' })), expected)
  })
}

test('TIFF: directories that lead back, or into each other, are read only once', () => {
  const file = buildTiff([{ ...THUMBNAIL, [TAG.subDirectories]: [directory(8, 8), directory(9, 9)] }])
  for (const to of [8, file.length - 4]) {
    for (let at = 8; at + 4 <= file.length; at += 2) {
      const damaged = Buffer.from(file)
      damaged.writeUInt32LE(to, at)
      measure(damaged)
    }
  }
})

test('TIFF: counts that no file can hold end at the limits', () => {
  const file = buildTiff([MAIN])
  file.writeUInt16LE(0xffff, 8)
  assert.equal(measure(file), 'unknown')
  const many = buildTiff([{ ...MAIN, [TAG.subDirectories]: 0x7fff_ffff }])
  assert.equal(measure(many), 'unknown')
})
