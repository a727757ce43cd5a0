/** Shows the size of every format: samples, the smallest file of each, and damaged ones. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { box } from '../../../../../test/support/build-boxes.ts'
import { CORPUS, PICTURES } from '../../../../../test/support/corpus.ts'
import { measure } from '../../../../../test/support/measure.ts'

/** For each sample some other parser gives the size of a thumbnail or a tile, or none. */
const SAMPLES: Readonly<Record<string, string>> = {
  'heic-iphone-order.heic': '640x480',
  'heic-grid256.heic': '640x480',
  'avif-grid22.avif': '256x192',
  'avis.avif': '64x48',
  'brand-crx.cr3': '64x48',
  'raw.nef': '6000x4000',
  'raw.dng': '6000x4000',
  'raw.cr2': '6000x4000',
  'motion-google.jpg': '640x480',
  'jpeg-leading-ff.jpg': '64x48',
  'exif-orient6.jpg': '64x48',
  'jxl-codestream.jxl': '64x48',
  'jxl-container.jxl': '64x48',
  'svg-plain.svg': '64x48',
  'svg-comment.svg': '64x48',
  'svg-nosize.svg': '64x48',
  'bigtiff.tif': '64x48',
  'tiff-loop.tif': 'unknown',
}

for (const [file, expected] of Object.entries(SAMPLES)) {
  test(`${file}: ${expected}`, () => {
    assert.equal(measure(readFileSync(join(PICTURES, file))), expected)
  })
}

test('pictures of the usual formats have a size by our own parsers, and films are foreign', () => {
  for (const file of ['i.jpg', 'i.png', 'i.gif', 'i.webp', 'i.tiff', 'i.heic', 'i.avif']) {
    assert.equal(measure(readFileSync(join(CORPUS, file))), '640x360', file)
  }
  for (const file of ['v.mkv', 'v.avi', 'v.mpg', 'a.mp3', 't.pdf', 't.json', 'empty.bin']) {
    assert.equal(measure(readFileSync(join(CORPUS, file))), 'foreign', file)
  }
})

/** The smallest file of each format that has a size: 300 wide and 200 high. Bytes as characters. */
const LEAST: Readonly<Record<string, string>> = {
  'a JPEG': '\xff\xd8\xff\xc0\0\x0b\x08\0\xc8\x01\x2c\x01',
  'a JPEG whose thumbnail is in a segment':
    '\xff\xd8\xff\xe1\0\x0d\xff\xd8\xff\xc0\0\x0b\x08\0\x10\0\x10\xff\xc2\0\x0b\x08\0\xc8\x01\x2c\x01',
  'a JPEG with fill bytes and stray ones':
    '\xff\xd8\xff\xff\xff\xfe\0\x02zz\xff\0z\xff\xff\xc2\0\x0b\x08\0\xc8\x01\x2c\x01',
  'a lossless JPEG': '\xff\xd8\xff\xc3\0\x0b\x08\0\xc8\x01\x2c\x01',
  'a JPEG-LS': '\xff\xd8\xff\xf7\0\x0b\x08\0\xc8\x01\x2c\x01',
  'a PNG': '\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x2c\0\0\0\xc8',
  "Apple's PNG": '\x89PNG\r\n\x1a\n\0\0\0\x04CgBI....crc.\0\0\0\rIHDR\0\0\x01\x2c\0\0\0\xc8',
  'a GIF': 'GIF87a\x2c\x01\xc8\0',
  'a lossy WebP': 'RIFF....WEBPVP8 ....abc\x9d\x01\x2a\x2c\x41\xc8\x80',
  'a lossless WebP': 'RIFF....WEBPVP8L....\x2f\x2b\xc1\x31\0',
  'an extended WebP': 'RIFF....WEBPVP8X....\x02\0\0\0\x2b\x01\0\xc7\0\0',
  'a Windows bitmap': `BM${'.'.repeat(12)}\x28\0\0\0\x2c\x01\0\0\xc8\0\0\0`,
  'a bitmap from top to bottom': `BM${'.'.repeat(12)}\x28\0\0\0\x2c\x01\0\0\x38\xff\xff\xff`,
  'an OS/2 bitmap': `BM${'.'.repeat(12)}\x0c\0\0\0\x2c\x01\xc8\0`,
  'a PBM': 'P1\n300 200\n',
  'a PPM with comments': 'P6 # made by\n# 1 2\n300\t#3\n200\n255\n',
  'a PAM': 'P7\nDEPTH 3\nWIDTH 300\n# HEIGHT 1\nHEIGHT 200\nENDHDR\n',
  'a PFM': 'PF\n300 200\n-1.0\n',
  'a Photoshop file': '8BPS\0\x01......\0\x03\0\0\0\xc8\0\0\x01\x2c',
  'a QOI': 'qoif\0\0\x01\x2c\0\0\0\xc8',
  'an XCF': 'gimp xcf v011\0\0\0\x01\x2c\0\0\0\xc8',
  'a DirectDraw surface': 'DDS |\0\0\0....\xc8\0\0\0\x2c\x01\0\0',
  'a farbfeld': 'farbfeld\0\0\x01\x2c\0\0\0\xc8',
  'a PCX that does not begin at 0': '\x0a\x05\x01\x08\x01\0\x02\0\x2c\x01\xc9\0',
  'an OpenEXR':
    'v/1\x01\x02\0\0\0type\0string\0\x02\0\0\0abdisplayWindow\0box2i\0\x10\0\0\0\xff\xff\xff\xff\0\0\0\0\x2a\x01\0\0\xc7\0\0\0',
  'a codestream of JPEG 2000': '\xff\x4f\xff\x51....\0\0\x01\x36\0\0\0\xcd\0\0\0\x0a\0\0\0\x05',
  'a DjVu page': 'AT&TFORM....DJVUINFO....\x01\x2c\0\xc8',
  'a DjVu document': `AT&TFORM....DJVMDIRM\0\0\0\x03abc.FORM\0\0\0\x06DJVI..FORM....DJVUINFO....\x01\x2c\0\xc8`,
  "Sigma's raw": `FOVb${'.'.repeat(24)}\x2c\x01\0\0\xc8\0\0\0`,
  "Minolta's raw": `\0MRM\0\0\0\xff\0TTW\0\0\0\x02..\0PRD\0\0\0\x18${'.'.repeat(12)}\0\xc8\x01\x2c`,
  "Fujifilm's raw": `FUJIFILMCCD-RAW ${'.'.repeat(76)}\0\0\0\x60\0\0\0\x02\x01\0\0\x04\x10\0\x10\0\x01\x11\0\x04\0\xc8\x01\x2c`,
}

for (const [what, content] of Object.entries(LEAST)) {
  test(`${what} has its size`, () => assert.equal(measure(content), '300x200'))
}

test('a JPEG 2000 has the size of its header box, or of the codestream', () => {
  const signature = box('jP  ', '\r\n\x87\n')
  const header = box('jp2h', box('ihdr', '\0\0\0\xc8\0\0\x01\x2c'))
  const codestream = box('jp2c', '\xff\x4f\xff\x51....\0\0\x01\x2c\0\0\0\xc8\0\0\0\0\0\0\0\0')
  const file = (...boxes: Buffer[]) => Buffer.concat([signature, box('ftyp', 'jp2 \0\0\0\0jp2 '), ...boxes])
  assert.equal(measure(file(header, codestream)), '300x200')
  assert.equal(measure(file(codestream)), '300x200')
})

test('a JPEG XL in parts has the size at the beginning of the first', () => {
  const whole = readFileSync(join(PICTURES, 'jxl-codestream.jxl'))
  const signature = box('JXL ', '\r\n\x87\n')
  const parts = [whole.subarray(0, 3), whole.subarray(3, 5), whole.subarray(5)]
  const boxes = parts.map((part, n) => box('jxlp', Buffer.from([0, 0, 0, n]), part))
  assert.equal(
    measure(Buffer.concat([signature, box('ftyp', 'jxl \0\0\0\0jxl '), box('Exif', 'x'), ...boxes])),
    '64x48',
  )
})

test('an icon has the size of its first picture, where 0 is 256', () => {
  const icon = (kind: string, width: string, height: string) =>
    `\0\0${kind}\0\x02\0${width}${height}\0\0${'.'.repeat(28)}`
  assert.equal(measure(icon('\x01', '\x30', '\x20')), '48x32')
  assert.equal(measure(icon('\x02', '\0', '\0')), '256x256')
})

test('a side that is zero, or more than the feed can hold, is unknown', () => {
  assert.equal(measure('qoif\0\0\0\0\0\0\0\xc8'), 'unknown')
  assert.equal(measure('qoif\x80\0\0\0\0\0\0\xc8'), 'unknown')
  assert.equal(measure('P6\n99999999999 2\n255\n'), 'unknown')
  assert.equal(measure('\x0a\x05\x01\x08\x01\0\x02\0\0\0\0\0'), 'unknown', 'the last column before the first')
})

test('a picture that is cut off before its size is unknown', () => {
  for (const [what, content] of Object.entries(LEAST)) {
    const cut = measure(content.slice(0, what.includes('PNG') ? 12 : 8))
    assert.ok(cut === 'unknown' || cut === 'foreign', what)
  }
})

test('a long way to the size ends at the limits', () => {
  const segments = Buffer.concat([
    Buffer.from('\xff\xd8', 'latin1'),
    Buffer.alloc(4_000_000, '\xff\xe0\0\x02', 'latin1'),
  ])
  assert.equal(measure(segments), 'unknown')
  assert.equal(measure(Buffer.concat([Buffer.from('\xff\xd8\xff', 'latin1'), Buffer.alloc(8_000_000)])), 'unknown')
  const boxes = Buffer.concat([box('ftyp', 'heic'), Buffer.alloc(4_000_000, '\0\0\0\x08free', 'latin1')])
  assert.equal(measure(boxes), 'unknown')
})
