/**
 * Holds the types of files to a table, with the real libmagic and our own rules. Random bytes follow the start of every
 * format.
 */
import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { openLibmagic } from './libmagic.ts'

const TYPES = join(import.meta.dirname, '../../../../test/data/types')
const libmagic = openLibmagic()

function typeAt(path: string): string {
  const fd = openSync(path, 'r')
  try {
    return libmagic.mimeType(fd)
  } finally {
    closeSync(fd)
  }
}

function typeOf(t: TestContext, ...parts: readonly (Uint8Array | string)[]): string {
  const path = join(temporaryFolder(t), 'no extension')
  writeFileSync(path, Buffer.concat(parts.map((part) => Buffer.from(part as string, 'latin1'))))
  return typeAt(path)
}

function box(type: string, ...content: readonly (Uint8Array | string)[]): Buffer {
  const inside = Buffer.concat(content.map((part) => Buffer.from(part as string, 'latin1')))
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + inside.length)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, inside])
}

/** The first box: the major brand, and those that the file is compatible with. */
function ftyp(major: string, ...others: readonly string[]): Buffer {
  return box('ftyp', major.padEnd(4), Buffer.alloc(4), ...others.map((brand) => brand.padEnd(4)))
}

function handler(type: string): Buffer {
  return box('hdlr', Buffer.alloc(8), type, Buffer.alloc(13))
}

function moov(...handlers: readonly string[]): Buffer {
  return box('moov', box('mvhd', Buffer.alloc(100)), ...handlers.map((type) => box('trak', box('mdia', handler(type)))))
}

const MDAT = box('mdat', Buffer.alloc(500, 0x80))

for (const [file, type] of [
  ['brand-MSNV-psp.mp4', 'video/mp4'],
  ['brand-crx.cr3', 'image/x-canon-cr3'],
  ['brand-hvc1.mp4', 'video/mp4'],
  ['film.mpegts', 'video/MP2T'],
] as const) {
  test(`${file} is ${type}`, () => assert.equal(typeAt(join(TYPES, file)), type))
}

/** Types by brand, for files that have no other brand. */
const BY_BRAND: Readonly<Record<string, string>> = {
  'image/x-canon-cr3': 'crx',
  'image/avif': 'MA1A MA1B avio',
  'image/avci': 'avci',
  'image/hej2k': 'j2ki',
  'image/hsj2': 'j2is j2ks',
  'image/jxsi': 'jxsi',
  'image/jxss': 'jxss',
  'image/heif': 'mif2 miaf MiHB MiPr 1pic jpeg vvic evbi pred unif',
  'image/heif-sequence': 'jpgs vvis evms',
  'image/jp2': 'J2P0 J2P1',
  'video/mj2': 'mjp2',
  'video/3gpp': '3gf9 3gvr 3vra',
  'audio/mp4': 'caac cama ceac ca4m cmhs dts1 iamf ifaa da0a F4A F4B M4B NDAS',
  'application/mp4': 'cwvt im1t im2i ccea ttml',
  'application/vnd.oma.drm.dcf': 'odcf',
  'video/mp4': `MSNV XFVC CAEP CDes LCAG NDXS ROSS SEAU MFSM pana pnvi caqv senv sdv dxo ifrm niko f4v hvc1 hev1 av01 vp09
    avc3 drc1 dby1 db1p mp71 mp21 muxa cmf2 cmfc cmff cmfl cmfs cfhd cud1 cvvc ccff dsms msdh msix lmsg piff uvvu isc2
    opf2 yt4 dmb1 dv1a hevd siti ompp ifhd`,
}
for (const [type, brands] of Object.entries(BY_BRAND)) {
  for (const brand of brands.split(/\s+/)) {
    test(`the brand ${brand} is ${type}`, (t) => assert.equal(typeOf(t, ftyp(brand, brand), MDAT), type))
  }
}

for (const [type, brands] of [
  ['image/heic', 'mif2 mif1 heic miaf'],
  ['image/avif', 'mif2 mif1 avif miaf'],
  ['image/heic', 'new1 heic'],
  ['image/avif', 'new1 mif2 avif'],
  ['video/mp4', 'new1 isom'],
  ['video/mp4', 'new1 new2 new3 mp42'],
  ['video/mp4', 'new1 3gp4 isom'],
  ['video/3gpp', 'new1 3gp4'],
  ['video/3gpp2', 'new1 3g2a isom'],
  ['video/quicktime', 'new1 qt'],
  ['application/octet-stream', 'new1 new2'],
] as const) {
  test(`the brands ${brands} are ${type}`, (t) => {
    const [major = '', ...others] = brands.split(' ')
    assert.equal(typeOf(t, ftyp(major, ...others), MDAT), type)
  })
}

test('the content decides if the brands do not', (t) => {
  assert.equal(typeOf(t, ftyp('new1'), moov('soun', 'vide')), 'video/mp4')
  assert.equal(typeOf(t, ftyp('new1'), moov('soun')), 'audio/mp4')
  assert.equal(typeOf(t, ftyp('new1'), box('meta', Buffer.alloc(4), handler('pict'))), 'image/heif')
})

test("a film's brand with sound alone is sound, if all tracks were seen", (t) => {
  assert.equal(typeOf(t, ftyp('cmfc', 'iso6'), moov('soun'), MDAT), 'audio/mp4')
  assert.equal(typeOf(t, ftyp('cmfc', 'iso6'), moov('soun', 'vide'), MDAT), 'video/mp4')
  assert.equal(typeOf(t, ftyp('cmfc', 'iso6'), moov('soun'), Buffer.alloc(300_000), handler('vide')), 'video/mp4')
})

test("Canon's raw films are distinguished from its raw photos", (t) => {
  const canon = (name: string) => [
    ftyp('crx', 'crx', 'isom'),
    box('moov', box('uuid', Buffer.alloc(16), box('CNCV', name))),
  ]
  assert.equal(typeOf(t, ...canon('CanonCR3_001/01.09.00/00.00.00')), 'image/x-canon-cr3')
  assert.equal(typeOf(t, ...canon('CanonCRM0001/02.09.00/00.00.00')), 'video/x-canon-crm')
})

test("a type that the system's database knows stays", (t) => {
  assert.equal(typeOf(t, ftyp('M4A', 'isom'), moov('soun', 'vide')), 'audio/x-m4a')
  assert.equal(typeOf(t, ftyp('M4B', 'isom'), moov('soun', 'vide')), 'audio/mp4')
  assert.equal(typeOf(t, ftyp('mif1', 'heic'), MDAT), 'image/heif')
  assert.equal(typeOf(t, ftyp('qt'), MDAT), 'video/quicktime')
  assert.equal(typeOf(t, ftyp('isom'), moov('soun')), 'video/mp4')
})

for (const first of ['free', 'skip', 'pnot', 'wide']) {
  test(`a QuickTime film may begin with a box ${first}`, (t) => {
    assert.equal(typeOf(t, box(first, Buffer.alloc(4)), MDAT), 'video/quicktime')
    assert.equal(typeOf(t, box(first, Buffer.alloc(4)), moov('vide')), 'video/quicktime')
  })
}

/** A transport stream without its tables, cut out of the middle, with so many bytes before and after each packet. */
function transportStream(before: number, after: number, packets: number, flags = 0x10): Buffer {
  const packet = (at: number) => {
    const bytes = Buffer.alloc(before + 188 + after, 0xc1)
    bytes.set([0x47, 0x01, 0x00, flags | (at & 15)], before)
    return bytes
  }
  return Buffer.concat(Array.from({ length: packets }, (_, at) => packet(at)))
}

for (const [what, before, after] of [
  ['188 bytes', 0, 0],
  ['192 bytes, the time first', 4, 0],
  ['192 bytes, the time last', 0, 4],
  ['204 bytes', 0, 16],
  ['208 bytes', 0, 20],
] as const) {
  test(`an MPEG transport stream has packets of ${what}`, (t) => {
    assert.equal(typeOf(t, transportStream(before, after, 6)), 'video/MP2T')
    assert.notEqual(typeOf(t, transportStream(before, after, 4)), 'video/MP2T')
  })
}

test('text is no transport stream, whatever it begins with and is called', (t) => {
  const code = 'Generic<T extends string> = { readonly [key in T]: number }\n'.repeat(100)
  assert.match(typeOf(t, code), /^text\//)
  const sequence = `${'GATTACA'.padEnd(187, 'A')}\n`
  assert.match(typeOf(t, sequence.repeat(3)), /^text\//)
  const path = join(temporaryFolder(t), 'typescript.ts')
  writeFileSync(path, "import { test } from 'node:test'\n\nexport const x: number = 1\n")
  assert.match(typeAt(path), /^(text\/|application\/javascript)/)
})

test('raw and film formats that not every database knows', (t) => {
  assert.equal(typeOf(t, 'IIU\0\x18\0\0\0', Buffer.alloc(500)), 'image/x-panasonic-rw2')
  assert.equal(typeOf(t, '\0MRM', Buffer.alloc(500, 1)), 'image/x-minolta-mrw')
  assert.equal(typeOf(t, 'DKIF\0\0\x20\0VP80', Buffer.alloc(100)), 'video/x-ivf')
})

test('an SVG with words of HTML in it is one, and HTML with an SVG in it is not', (t) => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"><title>x</title></svg>'
  assert.equal(typeOf(t, `<!-- ${'long '.repeat(20_000)}-->\n${svg}`), 'image/svg+xml')
  assert.equal(typeOf(t, `<!-- made -->\n${svg}`), 'image/svg+xml')
  assert.equal(typeOf(t, Buffer.from(`\ufeff<!-- made -->${svg}`, 'utf16le')), 'image/svg+xml')
  assert.equal(typeOf(t, `<!-- made -->\n<div>${svg}</div>`), 'text/html')
  assert.equal(typeOf(t, `<!-- ${'long '.repeat(60_000)}-->\n${svg}`).startsWith('text/'), true, 'too far behind')
})

test('any bytes behind the start of a format get one type or none', (t) => {
  const path = join(temporaryFolder(t), 'file')
  const start = fc.constantFrom('', 'ftyp', 'ftypcrx ', 'ftypmif2', 'ftypcmfc', 'ftypMSNV', 'free', 'wide')
  const word = fc.constantFrom(
    'isom',
    'heic',
    'mif1',
    'qt  ',
    '3gp4',
    'hdlr\0\0\0\0\0\0\0\0vide',
    'hdlr\0\0\0\0\0\0\0\0soun',
    'moof',
    'G',
  )
  const bytes = fc.uint8Array({ maxLength: 40 }).map((some) => Buffer.from(some).toString('latin1'))
  const content = fc.tuple(start, fc.array(fc.oneof(word, bytes), { maxLength: 12 }))
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), content, (size, [type, parts]) => {
      writeFileSync(path, Buffer.concat([size, Buffer.from(type + parts.join(''), 'latin1')]))
      assert.match(typeAt(path), /^[a-z]+\/[\w.+-]+$/)
    }),
    { numRuns: 300 },
  )
})

test('the descriptor stays at its beginning', () => {
  const path = join(TYPES, 'brand-MSNV-psp.mp4')
  const fd = openSync(path, 'r')
  libmagic.mimeType(fd)
  assert.equal(readFileSync(fd).length, readFileSync(path).length)
  closeSync(fd)
})
