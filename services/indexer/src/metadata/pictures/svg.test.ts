/** Shows which size an SVG has: tables of texts and encodings. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { measure } from '../../../../../test/support/measure.ts'
import { SVG_HEAD } from './svg.ts'

const PLAIN = '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"/>'

/** The attributes of the outermost tag, and the size. */
const ATTRIBUTES: readonly (readonly [attributes: string, expected: string])[] = [
  ['width="64" height="48"', '64x48'],
  ["width='64px' height = '48px'", '64x48'],
  ['\n\theight="48"\n\twidth="64"\n', '64x48'],
  ['width="1in" height="0.5in"', '96x48'],
  ['width="2.54cm" height="25.4mm"', '96x96'],
  ['width="101.6Q" height="72pt"', '96x96'],
  ['width="6pc" height="6em"', '96x96'],
  ['width="6.4e1" height="4.8E1"', '64x48'],
  ['width="+64" height=" 48 "', '64x48'],
  ['width="63.6" height="48.4"', '64x48'],
  ['width="0.1" height="0.1"', '1x1'],
  ['width="64" height="48" viewBox="0 0 1 1"', '64x48'],
  ['viewBox="0 0 64 48"', '64x48'],
  ['viewBox="-10,-10 , 64.4 48"', '64x48'],
  ['viewBox=" 0  0\n64\t48 "', '64x48'],
  ['width="100%" height="100%" viewBox="0 0 64 48"', '64x48'],
  ['width="auto" viewBox="0 0 64 48"', '64x48'],
  ['width="128" viewBox="0 0 64 48"', '128x96'],
  ['height="96" viewBox="0 0 64 48"', '128x96'],
  ['width="100%" height="96" viewBox="0 0 64 48"', '128x96'],
  ['stroke-width="3" data-height="4" width="64" height="48"', '64x48'],
  ['xmlns:x="a>b" width="64" height="48"', '64x48'],
  ['width="0" height="0" viewBox="0 0 64 48"', '64x48'],
  ['', 'unknown'],
  ['width="64"', 'unknown'],
  ['width="100%" height="100%"', 'unknown'],
  ['width="-64" height="48"', 'unknown'],
  ['width="64furlongs" height="48"', 'unknown'],
  ['width="1e999" height="48"', 'unknown'],
  ['viewBox="0 0 64"', 'unknown'],
  ['viewBox="0 0 0 48"', 'unknown'],
  ['viewBox="0 0 a b"', 'unknown'],
  ['width=64 height=48', 'unknown'],
  ['width="64 height=', 'unknown'],
]

for (const [attributes, expected] of ATTRIBUTES) {
  test(`SVG: ${JSON.stringify(attributes)} is ${expected}`, () => {
    assert.equal(measure(`<svg ${attributes}><rect width="1" height="1"/></svg>`), expected)
  })
}

const BEFORE: Readonly<Record<string, string>> = {
  'a declaration': '<?xml version="1.0" encoding="UTF-8"?>\n',
  'white space': '\n \t',
  comments: '<!-- <svg width="1" height="1"> -- ><!> --><!---->\n',
  'a type declaration': '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/a>b.dtd">',
  'declarations with brackets, quotes and comments':
    '<!DOCTYPE svg [ <!ENTITY a "<svg>]>"> <!-- \'"]> --> <!ELEMENT b ANY> ]>',
  instructions: '<?xml-stylesheet href="a.css"?><?php <svg width="1" height="1"> ?>',
  'all of it': '<?xml version="1.0"?><!-- a --><!DOCTYPE svg [<!ENTITY x "y">]><!-- b -->\r\n<?z?>',
}

for (const [what, before] of Object.entries(BEFORE)) {
  test(`SVG: ${what} may stand before it`, () => assert.equal(measure(before + PLAIN), '64x48'))
}

test('SVG: a prefix and every usual encoding', () => {
  assert.equal(measure('<s:svg xmlns:s="http://www.w3.org/2000/svg" width="64" height="48"></s:svg>'), '64x48')
  assert.equal(measure(Buffer.from(`\ufeff${PLAIN}`)), '64x48')
  const wide = Buffer.from(`\ufeff${PLAIN}`, 'utf16le')
  assert.equal(measure(wide), '64x48')
  assert.equal(measure(Buffer.from(wide).swap16()), '64x48')
  assert.equal(measure(Buffer.concat([wide, Buffer.from('x')])), '64x48', 'with half a character at the end')
})

test('SVG: another kind of document has no size, whatever is in it', () => {
  assert.equal(measure(`<html><body>${PLAIN}</body></html>`), 'unknown')
  assert.equal(measure(`<!-- ${PLAIN} --><MPD/>`), 'unknown')
  assert.equal(measure('<svgx width="64" height="48"/>'), 'unknown')
  assert.equal(measure('<'), 'unknown')
  assert.equal(measure(`<!-- ${PLAIN}`), 'unknown')
  assert.equal(measure('<!DOCTYPE svg ['), 'unknown')
})

test('SVG: an end of a tag or comment that is missing is looked for once', () => {
  for (const part of ['<!-- ', '<?', '<!DOCTYPE x [', '<svg ', "<svg a='", '<svg a="" ', '<!--', '\n', '<']) {
    measure(part.repeat(40_000))
  }
})

test('gzipped SVG has its size, whole, cut off, or very well packed', () => {
  assert.equal(measure(gzipSync(PLAIN)), '64x48')
  assert.equal(measure(gzipSync(Buffer.from(`\ufeff${BEFORE['all of it']}${PLAIN}`))), '64x48')
  const long = gzipSync(
    `${PLAIN.replace('/>', '>')}${Array.from({ length: 9999 }, (_, n) => `<a b="${n * n}"/>`).join('')}`,
  )
  assert.equal(measure(long), '64x48')
  assert.equal(measure(long.subarray(0, 9000)), '64x48')
  assert.equal(measure(gzipSync(PLAIN + ' '.repeat(4_000_000))), '64x48')
  assert.equal(measure(gzipSync(' '.repeat(4_000_000) + PLAIN)), 'unknown')
})

test('SVG: what lies behind the head is not looked at, packed or not', () => {
  for (const [space, expected] of [
    [SVG_HEAD - PLAIN.length, '64x48'],
    [SVG_HEAD, 'unknown'],
  ] as const) {
    assert.equal(measure(`<?${' '.repeat(space - 4)}?>${PLAIN}`), expected)
    assert.equal(measure(gzipSync(`<?${' '.repeat(space - 4)}?>${PLAIN}`)), expected)
  }
})

test('SVG: a value that is too long for a length is none', () => {
  const { length } = '64'
  assert.equal(measure(`<svg width="64${'.0'.padEnd(128 - length, '0')}" height="48"/>`), '64x48')
  assert.equal(measure(`<svg width="64${'.0'.padEnd(129 - length, '0')}" height="48"/>`), 'unknown')
})

test('gzip of anything else, or damaged, has none', () => {
  assert.equal(measure(gzipSync('text')), 'unknown')
  assert.equal(measure(gzipSync('')), 'unknown')
  assert.equal(measure(gzipSync(gzipSync(PLAIN))), 'unknown')
  assert.equal(measure('\x1f\x8b\x08'), 'unknown')
  assert.equal(measure(`\x1f\x8b\x08\0\0\0\0\0\0\x03${'z'.repeat(500)}`), 'unknown')
})
