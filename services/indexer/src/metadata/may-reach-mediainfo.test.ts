/**
 * Shows which contents never reach MediaInfo (I14), because it would open other files for them. Made-up films and
 * manifests.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { deflateSync } from 'node:zlib'
import { box, fullBox, number } from '../../../../test/support/build-boxes.ts'
import { CORPUS } from '../../../../test/support/corpus.ts'
import { mayReachMediaInfo } from './may-reach-mediainfo.ts'
import { readerOfBytes } from './pictures/bounded-reader.ts'

function mayReach(content: Buffer | string): boolean {
  return mayReachMediaInfo(readerOfBytes(typeof content === 'string' ? Buffer.from(content, 'latin1') : content))
}

const MANIFEST = '<MPD><Period><BaseURL>/elsewhere/film.mkv</BaseURL></Period></MPD>'
const BINARY = '\0\x01\x02\0'

function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le')
}

function utf32(text: string): Buffer {
  return Buffer.concat([...text].map((character) => number(character.charCodeAt(0), 4)))
}

/** Contents that make MediaInfo open the files they name. libmagic takes some of them for a picture or a film. */
const KEPT_AWAY: Readonly<Record<string, Buffer | string>> = {
  'a DASH manifest': `<?xml version="1.0"?>${MANIFEST}`,
  'one that passes as SVG': `<?xml version="1.0"?><!-- <svg > -->${MANIFEST}`,
  'one that passes as MP4': `<!--ftypmp42-->${MANIFEST}${BINARY}`,
  'one that passes as a film in packets of 192 bytes': `<!-- G${' '.repeat(184)}-->${MANIFEST}${BINARY}`,
  'one behind white space': `\r\n \t${MANIFEST}${BINARY}`,
  'one in UTF-8 with a mark': `\xef\xbb\xbf${MANIFEST}${BINARY}`,
  'one with a mark and white space': `\xef\xbb\xbf\n${MANIFEST}${BINARY}`,
  'one in UTF-16': utf16(`\ufeff${MANIFEST}`),
  'one in UTF-16, the other way round': utf16(`\ufeff${MANIFEST}`).swap16(),
  'one in UTF-16 without a mark': utf16(MANIFEST),
  'one in UTF-16 without a mark, the other way round': utf16(MANIFEST).swap16(),
  'one in UTF-32': utf32(`\ufeff${MANIFEST}`),
  'one in UTF-32 without a mark': utf32(MANIFEST),
  'one in UTF-32 without a mark, the other way round': utf32(MANIFEST).swap32(),
  'one whose first tag is never closed': `<MPD ${'a'.repeat(100_000)}`,
  'a SmoothStreaming manifest': '<SmoothStreamingMedia MajorVersion="2"/>',
  'an HLS playlist': '#EXTM3U\n#EXTINF:1,\n/elsewhere/film.mkv\n',
  'an HLS playlist with something behind': `#EXTM3U\n/elsewhere/film.mkv\n${BINARY}`,
  'an HLS playlist with a mark': `\xef\xbb\xbf#EXTM3U\n/elsewhere/film.mkv\n${BINARY}`,
  'a PLS playlist': `[playlist]\nFile1=/elsewhere/film.mkv\n${BINARY}`,
  'an ASX reference': `[Reference]\nRef1=/elsewhere/film.mkv\n${BINARY}`,
  'a cue sheet': 'FILE "/elsewhere/film.wav" WAVE\n  TRACK 01 AUDIO\n',
  'a text of any kind': 'RTSPtext\nrtsp://elsewhere/film\n',
  'an AAF project': `\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1AAFB${BINARY}`,
  'a Pro Tools session': `\x03001011110010111${BINARY}`,
  "a Blu-ray disc's playlist": `MPLS0200${BINARY}`,
  'an MXF': `\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02\x04\0${BINARY}`,
  'an MXF behind as much as it may have before it': `\0${'x'.repeat(65_000)}\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02\x04\0`,
}

for (const [what, content] of Object.entries(KEPT_AWAY)) {
  test(`${what} never reaches MediaInfo`, () => assert.equal(mayReach(content), false))
}

function film(reference: Buffer, brand = 'qt  '): Buffer {
  return Buffer.concat([box('ftyp', brand, BINARY), box('wide'), box('mdat', '....'), description(reference)])
}

/** A description of two tracks, of which the second has its data where `reference` says. */
function description(reference: Buffer): Buffer {
  const track = (entry: Buffer) =>
    box(
      'trak',
      fullBox('tkhd', 0, 7),
      box('mdia', box('minf', box('dinf', fullBox('dref', 0, 0, number(1, 4), entry)))),
    )
  return box('moov', fullBox('mvhd', 0, 0), track(fullBox('url ', 0, 1)), track(reference))
}

/** Compressed as QuickTime did before 2005. */
function compressed(moov: Buffer): Buffer {
  const content = box('cmvd', number(moov.length, 4), deflateSync(moov))
  return Buffer.concat([box('mdat', '....'), box('moov', box('cmov', box('dcom', 'zlib'), content))])
}

const ELSEWHERE = fullBox('alis', 0, 0, '/elsewhere/film.mov')

test('a film that has the data of a track in another file never reaches MediaInfo', () => {
  assert.equal(mayReach(film(ELSEWHERE)), false)
  assert.equal(mayReach(film(fullBox('url ', 0, 0, '/elsewhere/film.mov\0'), 'isom')), false)
  assert.equal(mayReach(compressed(description(ELSEWHERE))), false)
  assert.equal(mayReach(compressed(Buffer.alloc(10_000_000))), false, 'nor one whose description is too long')
  assert.equal(mayReach(Buffer.concat([...Array(100).fill(box('free')), description(ELSEWHERE)])), false, 'or far away')
})

test('a film that has all data itself reaches MediaInfo', () => {
  assert.equal(mayReach(film(fullBox('url ', 0, 1))), true)
  assert.equal(mayReach(film(fullBox('alis', 0, 1))), true)
  assert.equal(mayReach(film(fullBox('url ', 0, 0, '\0'))), true, 'though the flag was forgotten')
  assert.equal(mayReach(compressed(description(fullBox('alis', 0, 1)))), true)
})

test('films reach MediaInfo', () => {
  const films = readdirSync(CORPUS).filter((name) => /^v\./.test(name))
  assert.ok(films.length > 6)
  for (const name of films) {
    const content = readFileSync(join(CORPUS, name))
    assert.equal(mayReach(content), true, name)
    assert.equal(mayReach(content.subarray(0, 4000)), true, `${name}, cut off`)
  }
})

test('a film whose first bytes happen to look like a tag reaches MediaInfo', () => {
  const packets = (clock: string) => `${clock}G@\0\x10${'\xff'.repeat(184)}`.repeat(4)
  for (const clock of ['<abc', '<!--', '#EXT', '\n<a ', '\0\0\0<']) assert.equal(mayReach(packets(clock)), true, clock)
  // A box of 60 bytes, and one of 3.9 MB.
  assert.equal(mayReach(`\0\0\0<ftypisom${BINARY.repeat(20)}`), true)
  assert.equal(mayReach(`\0<<>moov${BINARY.repeat(20)}`), true)
})
