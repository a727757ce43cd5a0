/** Shows that a printed path contains nothing that acts on a terminal: tables and random text. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { shownPath } from './shown-path.ts'
import { shownText } from './shown-text.ts'

const SHOWN: readonly (readonly [path: string, shown: string])[] = [
  ['/mnt/media/ü 😀 "a" \\b.jpg', '/mnt/media/ü 😀 "a" \\b.jpg'],
  ['/mnt/\x1b]0;pwned\x07', '"/mnt/\\u001b]0;pwned\\u0007"'],
  ['/mnt/a\nb\t"c"', '"/mnt/a\\nb\\t\\"c\\""'],
  ['a\x7f\x85\x9b31m', '"a\\u007f\\u0085\\u009b31m"'],
  ['\u202egpj.exe', '"\\u202egpj.exe"'],
  ['a\u200e\u200f\u061c\u2066\u2069\u2028\u2029b', '"a\\u200e\\u200f\\u061c\\u2066\\u2069\\u2028\\u2029b"'],
  ['a\udcff', '"a\\udcff"'],
  ['a\u{e0041}', '"a\\udb40\\udc41"'],
]

for (const [path, shown] of SHOWN) {
  test(`a path in a message: ${shown}`, () => {
    assert.equal(shownPath(path), shown)
    if (shown !== path) assert.equal(JSON.parse(shown), path)
  })
}

test('no shown text moves a cursor, ends a line, turns text around or is half a character', () => {
  const anything = fc.string({
    unit: fc.oneof(fc.nat(0xffff), fc.constantFrom(0x1b, 0x9b, 0x202e)).map((code) => String.fromCharCode(code)),
  })
  fc.assert(
    fc.property(anything, (text) => {
      for (const shown of [shownText(text), shownPath(text)]) {
        assert.doesNotMatch(shown, /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u)
        assert.ok(shown.isWellFormed())
        assert.equal(shownText(shown), shown)
      }
    }),
    { numRuns: 2000 },
  )
})
