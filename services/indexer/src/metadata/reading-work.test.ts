/**
 * Shows that our own code reads an untrusted file in work proportional to its size, whatever it holds. Work is the CPU
 * time of this process for a short content and for one four times as long: a pattern that tries each way to divide
 * white space between two of its parts takes sixteen times as long. No time of a clock is judged.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { mayReachMediaInfo } from './may-reach-mediainfo.ts'
import { readerOfBytes } from './pictures/bounded-reader.ts'
import { measurePicture } from './pictures/picture-size.ts'
import { svgRoot } from './svg-root.ts'

const SHORT = 6_000
const LONGER = 4
/** Linear work gives a ratio of 4, quadratic work 16. */
const RATIO_MAX = 9
/** Work below this is too little to compare, µs: linear work takes a tenth of it. */
const WORTH_US = 20_000

/** Contents with a place, `@`, where something may be repeated. */
const PLACES = [
  '@',
  '<svg @ width="1" height="1"/>',
  '<svg@',
  '<svg width@="1" height="1"/>',
  '<svg width=@"1" height="1"/>',
  '<svg width="1@!" height="1"/>',
  '<svg width="@" height="@"/>',
  '<svg width="1" viewBox="0 0@1 1!"/>',
  '<svg viewBox="@"/>',
  '<svg width="@',
  '<?xml @',
  '<?xml?>@<svg/>',
  '<!-- @ <svg width="1" height="1"/>',
  '<!DOCTYPE@svg>',
  '<!DOCTYPE svg @><svg width="1" height="1"/>',
  '<!DOCTYPE svg [@',
  '<@',
  'P5@1',
  'P5 1@2',
  'P5 #@',
  'P7@WIDTH 1\nHEIGHT 1\nENDHDR',
  'P7\nWIDTH@1',
  '[playlist]@',
]
const PARTS = [
  ' ',
  '\n',
  '\t\r\n',
  '\xa0',
  ' ,',
  ',',
  '1',
  '1.',
  '1e',
  '1e+',
  'a',
  'px',
  '"',
  "'",
  '=',
  '<',
  '>',
  '/',
  ':',
]
const LONG_PARTS = [
  '<!--',
  '<!-- -->',
  '<?',
  '<??>',
  '<svg ',
  'x:',
  'x="" ',
  "x='' ",
  '<!DOCTYPE ',
  '[',
  ']',
  '#',
  '#\n',
  '-',
  '\0',
]

/** Reads the text as a file, and as what a packed file inflates to. */
function read(text: string): void {
  const content = Buffer.from(text, 'latin1')
  measurePicture(readerOfBytes(content))
  measurePicture(readerOfBytes(gzipped(content)))
  mayReachMediaInfo(readerOfBytes(content))
  svgRoot(content)
}

/** gzip without a checksum, which nobody looks at. */
function gzipped(content: Buffer): Buffer {
  return Buffer.concat([Buffer.from('\x1f\x8b\x08\0\0\0\0\0\0\x03', 'latin1'), deflateRawSync(content, { level: 1 })])
}

function workOf(text: string): number {
  const before = process.cpuUsage()
  read(text)
  const { user, system } = process.cpuUsage(before)
  return user + system
}

test('no content takes our own code more work than in proportion to its size', () => {
  const part = fc.constantFrom(...PARTS, ...LONG_PARTS)
  const repeated = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.constantFrom(...PLACES), repeated, (place, unit) => {
      const filled = (length: number) => place.replaceAll('@', () => unit.repeat(Math.ceil(length / unit.length)))
      const long = workOf(filled(LONGER * SHORT))
      if (long < WORTH_US) return
      // Compiling, or another thread, may add to one of the runs: the least of a few is the work itself.
      const least = (length: number) => Math.min(...[0, 1, 2].map(() => workOf(filled(length))))
      assert.ok(least(LONGER * SHORT) < RATIO_MAX * Math.max(least(SHORT), WORTH_US / RATIO_MAX))
    }),
    { numRuns: 600 },
  )
})

test('white space alone reaches each place', () => {
  for (const place of PLACES) {
    const work = (length: number) => workOf(place.replaceAll('@', ' '.repeat(length)))
    assert.ok(work(LONGER * SHORT) < RATIO_MAX * Math.max(work(SHORT), WORTH_US / RATIO_MAX), place)
  }
})
