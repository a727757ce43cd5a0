/** Shows which bytes begin an SVG, in every encoding: tables and random bytes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { svgRoot } from './svg-root.ts'

const COMMENT = '<!-- made by <html> and <svg> with a program -->'
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'

for (const [what, text] of [
  ['the bare element', '<svg width="1"/>'],
  ['white space', ' \r\n\t<svg>'],
  ['a comment', `${COMMENT}<svg>`],
  ['comments and white space', `${COMMENT}\n\n${COMMENT}\n<svg>`],
  ['a declaration', `${DECLARATION}\n<svg>`],
  ['a declaration behind white space', `\n${DECLARATION}<svg>`],
  ['a stylesheet', `<?xml-stylesheet href="a.css"?>${COMMENT}<svg>`],
  ['a prefix', '<svg:svg xmlns:svg="http://www.w3.org/2000/svg">'],
  ['any prefix', '<ns0:svg xmlns:ns0="http://www.w3.org/2000/svg">'],
  ['a DOCTYPE', `${COMMENT}<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd">`],
  ['a DOCTYPE with entities', '<!DOCTYPE svg [<!ENTITY a "]>">]><svg>'],
] as const) {
  const cases: [string, Buffer][] = [
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${text}`)],
    ['UTF-16', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16, the other way round', Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ['an odd byte behind UTF-16', Buffer.concat([Buffer.from(`\ufeff${text}`, 'utf16le'), Buffer.from('x')])],
  ]
  for (const [encoding, bytes] of cases) {
    test(`an SVG is one behind ${what}, in ${encoding}`, () => assert.equal(svgRoot(bytes), 'svg'))
  }
}

for (const [what, text] of [
  ['HTML with a picture in it', `${COMMENT}<div><svg></svg></div>`],
  ['an HTML document', `${COMMENT}<!DOCTYPE html><html><svg>`],
  ['a template', '<template>\n<svg></svg></template>'],
  ['a README', `${COMMENT}\n# Title\n<svg></svg>`],
  ['other XML with a comment', `${DECLARATION}<!-- <svg > --><MPD>`],
  ['a longer name', '<svgfont>'],
  ['a prefix that is a name', '<svg:rect>'],
  ['a closing tag', '</svg>'],
  ['source code', "const x = '<svg>'"],
  ['upper case', '<SVG>'],
  ['another declaration', '<!ELEMENT svg ANY>'],
] as const) {
  test(`${what} is no SVG`, () => assert.equal(svgRoot(Buffer.from(text)), 'other'))
}

test('a head that ends too early is unsure', () => {
  for (const text of ['', '  ', '<', '<sv', '<svg', '<!-- <svg>', `${DECLARATION}<?a`, '<!DOCTYPE sv']) {
    assert.equal(svgRoot(Buffer.from(text)), 'unsure', text)
  }
  assert.equal(svgRoot(Buffer.from(`<${'x'.repeat(300)}`)), 'other')
})

const piece = fc.constantFrom(
  '<!--',
  '-->',
  '<?',
  '?>',
  '<',
  '>',
  '<svg',
  ' ',
  '\n',
  '<!DOCTYPE ',
  'svg',
  ':',
  '[',
  'x',
  '\u0000',
)

test('any bytes get an answer, which more bytes behind them do not change', () => {
  const head = fc.oneof(
    fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
    fc.array(piece, { maxLength: 30 }).map((pieces) => Buffer.from(pieces.join(''), 'latin1')),
  )
  fc.assert(
    fc.property(head, fc.array(piece), (first, rest) => {
      const answer = svgRoot(first)
      if (answer === 'unsure' || first.length < 3) return
      assert.equal(svgRoot(Buffer.concat([first, Buffer.from(rest.join(''), 'latin1')])), answer)
    }),
  )
})

test('a head of nothing but starts of comments is passed over once', () => {
  assert.equal(svgRoot(Buffer.from('<!--'.repeat(64 * 1024))), 'unsure')
  assert.equal(svgRoot(Buffer.from('<!---->'.repeat(32 * 1024))), 'unsure')
})
