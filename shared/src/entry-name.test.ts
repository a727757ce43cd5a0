/** Shows that names of any bytes are stored without loss and shown without confusion: random bytes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { displayName, nameFromBytes, nameFromColumns, nameToBytes, pathForFs, rawNameColumn } from './entry-name.ts'

/** Bytes of possible names: random ones, text, and text cut in the middle of a character. */
const nameBytes = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 255 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }).map((text) => Buffer.from(text)),
  fc
    .array(
      fc.oneof(
        fc.string({ unit: 'grapheme', maxLength: 4 }).map((text) => Buffer.from(text)),
        fc.uint8Array(),
      ),
    )
    .map((parts) => Buffer.concat(parts)),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).map((text) => Buffer.from(text).subarray(0, -1)),
)

test('bytes to a name and back are the same bytes, whatever they are', () => {
  fc.assert(
    fc.property(nameBytes, (bytes) => {
      assert.deepEqual(nameToBytes(nameFromBytes(bytes)), Buffer.from(bytes))
    }),
    { numRuns: 2000 },
  )
})

test('shown and stored names are well-formed, and lead back to the name', () => {
  fc.assert(
    fc.property(nameBytes, (bytes) => {
      const name = nameFromBytes(bytes)
      const shown = displayName(name)
      assert.ok(shown.isWellFormed())
      assert.equal(nameFromColumns(shown, rawNameColumn(name)), name)
    }),
  )
})

test('different bytes are different names', () => {
  fc.assert(
    fc.property(nameBytes, nameBytes, (a, b) => {
      assert.equal(nameFromBytes(a) === nameFromBytes(b), Buffer.compare(a, b) === 0)
    }),
  )
})

const BYTES = [0xff, 0xef, 0xbf, 0xbd, 0xe2].map((byte) => Buffer.of(byte))

/** Bytes that give most names a U+FFFD, hex digits, or a byte that is no UTF-8. */
const trickyBytes = fc
  .array(fc.constantFrom(...['\ufffd', 'F', 'E', 'B', 'D', 'a'].map((text) => Buffer.from(text)), ...BYTES), {
    maxLength: 8,
  })
  .map((parts) => Buffer.concat(parts))

test('I11: names of different bytes are never shown alike', () => {
  fc.assert(
    fc.property(trickyBytes, trickyBytes, (a, b) => {
      const isEqual = Buffer.compare(a, b) === 0
      assert.equal(displayName(nameFromBytes(a)) === displayName(nameFromBytes(b)), isEqual)
    }),
    { numRuns: 20_000 },
  )
})

/** The bytes of a shown name: a U+FFFD with two digits is a byte, all else is itself. */
function bytesShown(shown: string): Buffer {
  const parts = shown.split(/(\uFFFD[0-9A-F]{2})/u)
  return Buffer.concat(
    parts.map((part, at) => Buffer.from(at % 2 === 0 ? part : part.slice(1), at % 2 === 0 ? 'utf8' : 'hex')),
  )
}

test('a shown name gives the bytes of the name', () => {
  fc.assert(
    fc.property(fc.oneof(trickyBytes, nameBytes), (bytes) => {
      assert.deepEqual(bytesShown(displayName(nameFromBytes(bytes))), Buffer.from(bytes))
    }),
    { numRuns: 5000 },
  )
})

const NAMES: readonly (readonly [title: string, bytes: Buffer, name: string, shown: string])[] = [
  ['text', Buffer.from('ünïcode 😀.jpg'), 'ünïcode 😀.jpg', 'ünïcode 😀.jpg'],
  ['Latin-1', Buffer.from('caf\xe9.jpg', 'latin1'), 'caf\udce9.jpg', 'caf\ufffdE9.jpg'],
  ['a character cut short', Buffer.from([0x61, 0xe2, 0x82]), 'a\udce2\udc82', 'a\ufffdE2\ufffd82'],
  ['a surrogate written as UTF-8', Buffer.from([0xed, 0xb2, 0x80]), '\udced\udcb2\udc80', '\ufffdED\ufffdB2\ufffd80'],
  ['an overlong slash', Buffer.from([0xc0, 0xaf]), '\udcc0\udcaf', '\ufffdC0\ufffdAF'],
  ['a byte order mark', Buffer.from('\ufeffa'), '\ufeffa', '\ufeffa'],
  ['U+FFFD that is really there', Buffer.from('\ufffd-FF'), '\ufffd-FF', '\ufffd-FF'],
  ['U+FFFD and digits that are really there', Buffer.from('\ufffdFF'), '\ufffdFF', '\ufffdEF\ufffdBF\ufffdBDFF'],
  ['U+FFFD and small digits', Buffer.from('\ufffdff'), '\ufffdff', '\ufffdff'],
  ['U+FFFD before a byte', Buffer.concat([Buffer.from('\ufffd'), Buffer.of(0xff)]), '\ufffd\udcff', '\ufffd\ufffdFF'],
]

for (const [title, bytes, name, shown] of NAMES) {
  test(`a name of ${title}`, () => {
    assert.equal(nameFromBytes(bytes), name)
    assert.equal(displayName(name), shown)
    assert.deepEqual(nameToBytes(name), bytes)
    assert.deepEqual(rawNameColumn(name), name === shown ? null : bytes)
    assert.deepEqual(pathForFs(name), name.isWellFormed() ? name : bytes)
  })
}
