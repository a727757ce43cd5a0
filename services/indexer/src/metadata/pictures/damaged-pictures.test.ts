/**
 * Shows that every picture gets an answer within the limits, however its bytes are damaged: all samples, cut and
 * changed at random.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { CORPUS, PICTURES } from '../../../../../test/support/corpus.ts'
import { mayReachMediaInfo } from '../may-reach-mediainfo.ts'
import { type BoundedReader, READING_LIMITS, readerOfBytes } from './bounded-reader.ts'
import { measurePicture } from './picture-size.ts'

const RUNS = 1500

/** Longer samples are cut to this length, which has their header. Bytes. */
const SAMPLE_MAX = 8192

const SAMPLES = [CORPUS, PICTURES].flatMap((folder) =>
  readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name)).subarray(0, SAMPLE_MAX))
    .filter(({ length }) => length > 0),
)

/** Numbers that a careless parser multiplies, adds up, or jumps to. */
const ABSURD = [0, 1, 2, 8, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff]

const place = fc.nat({ max: SAMPLE_MAX })
/** Mostly where the header is. */
const placeInHeader = fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 600 }) }, place)

type Damage = (content: Buffer) => Buffer

const flip = fc.record({ at: placeInHeader, bit: fc.nat({ max: 7 }) }).map(
  ({ at, bit }): Damage =>
    (content) => {
      content.writeUInt8((content[at % content.length] as number) ^ (1 << bit), at % content.length)
      return content
    },
)
const absurd = fc.record({ at: placeInHeader, value: fc.constantFrom(...ABSURD), isLittle: fc.boolean() }).map(
  ({ at, value, isLittle }): Damage =>
    (content) => {
      if (content.length < 4) return content
      const from = at % (content.length - 3)
      if (isLittle) content.writeUInt32LE(value, from)
      else content.writeUInt32BE(value, from)
      return content
    },
)
const cut = place.map(
  (length): Damage =>
    (content) =>
      content.subarray(0, 1 + (length % content.length)),
)
const repeat = fc.record({ from: place, times: fc.nat({ max: 40 }) }).map(
  ({ from, times }): Damage =>
    (content) => {
      if (content.length > 8 * SAMPLE_MAX) return content
      const part = content.subarray(from % content.length)
      return Buffer.concat([content, ...Array.from({ length: times }, () => part)])
    },
)
const splice = fc.record({ at: place, from: place, sample: fc.constantFrom(...SAMPLES) }).map(
  ({ at, from, sample }): Damage =>
    (content) =>
      Buffer.concat([content.subarray(0, at % content.length), sample.subarray(from % sample.length)]),
)

const damaged = fc
  .record({
    sample: fc.constantFrom(...SAMPLES),
    damages: fc.array(fc.oneof(flip, absurd, absurd, cut, repeat, splice), { minLength: 1, maxLength: 6 }),
  })
  .map(({ sample, damages }) => {
    let content = Buffer.from(sample)
    for (const damage of damages) if (content.length > 0) content = Buffer.from(damage(content))
    return content
  })

/** Counts the steps of a reader and of its parts, and takes the length of the longest one that was not refused. */
function counting(reader: BoundedReader, count: { steps: number; longest: number }): BoundedReader {
  const step = <T>(length: number, read: () => T): T => {
    count.steps += 1
    const answer = read()
    count.longest = Math.max(count.longest, length)
    return answer
  }
  return {
    size: reader.size,
    uint: (at, bytes, order) => step(bytes, () => reader.uint(at, bytes, order)),
    text: (at, length) => step(length, () => reader.text(at, length)),
    bytes: (at, length) => step(length, () => reader.bytes(at, length)),
    within: (at, length) => counting(reader.within(at, length), count),
  }
}

function holdsFor(content: Buffer): void {
  const count = { steps: 0, longest: 0 }
  const answer = measurePicture(counting(readerOfBytes(content), count))
  assert.ok(['measured', 'unknown', 'foreign'].includes(answer.kind))
  if (answer.kind === 'measured') {
    for (const side of [answer.size.width, answer.size.height]) {
      assert.ok(Number.isInteger(side) && side > 0 && side <= 0x7fff_ffff, `${side}`)
    }
  }
  // The last step is the one that is refused.
  assert.ok(count.steps <= READING_LIMITS.steps + 1)
  assert.ok(count.longest <= content.length)
  assert.equal(typeof mayReachMediaInfo(readerOfBytes(content)), 'boolean')
}

test('a picture that is damaged in any way has an answer within the limits', () => {
  fc.assert(fc.property(damaged, holdsFor), { numRuns: RUNS })
})

test('a file that ends within its first number has an answer', () => {
  holdsFor(Buffer.from([0x49, 0x49, 0x2b, 0, 0x6c, 0x3e, 0x0a]))
})

test('any content behind the beginning of a format has an answer within the limits', () => {
  const beginnings = SAMPLES.map((sample) => sample.subarray(0, 16))
  const content = fc
    .tuple(fc.constantFrom(...beginnings), fc.uint8Array({ maxLength: 600 }))
    .map((parts) => Buffer.concat(parts))
  fc.assert(fc.property(content, holdsFor), { numRuns: RUNS })
})

test('a picture with its header cut off anywhere has its size or none, never another', () => {
  for (const sample of SAMPLES) {
    const whole = measurePicture(readerOfBytes(sample))
    for (let length = 0; length <= Math.min(sample.length, 1200); length += 1) {
      const answer = measurePicture(readerOfBytes(sample.subarray(0, length)))
      if (answer.kind === 'measured') assert.deepEqual(answer, whole)
    }
  }
})
