/**
 * SVG: `width` and `height` of the outermost element if they are lengths, else its `viewBox`, in whole CSS pixels. Only
 * that one tag is read, and what stands before it is skipped.
 */
import type { PictureFormat, PictureSize } from './picture-format.ts'

/** If the outermost tag does not end within so many bytes, the size is unknown. */
export const SVG_HEAD = 128 * 1024

/** No real length or `viewBox` is longer. Characters. */
const VALUE_MAX = 128

export const svg: PictureFormat = {
  begins: (head) =>
    /^(\xef\xbb\xbf)?\s*</.test(head) || head.startsWith('\xff\xfe<\0') || head.startsWith('\xfe\xff\0<'),
  size: (reader) => svgSize(reader.bytes(0, Math.min(SVG_HEAD, reader.size))),
}

/**
 * `head` is the beginning of a document, in UTF-8 or, with a byte order mark, UTF-16. Takes time in proportion to its
 * length: no pattern here has two repetitions next to each other that take the same characters.
 */
export function svgSize(head: Buffer): PictureSize | null {
  const attributes = outermostSvg(decode(head))
  if (attributes === null) return null
  const width = pixels(attributes.get('width'))
  const height = pixels(attributes.get('height'))
  if (width !== null && height !== null) return whole(width, height)
  const box = viewBox(attributes.get('viewBox'))
  if (box === null) return null
  // A missing side follows from the other, as the picture keeps its proportions.
  if (width !== null) return whole(width, (width * box.height) / box.width)
  if (height !== null) return whole((height * box.width) / box.height, height)
  return whole(box.width, box.height)
}

function decode(head: Buffer): string {
  const even = head.subarray(2, head.length - (head.length % 2))
  const start = head.toString('latin1', 0, 3)
  if (start.startsWith('\xff\xfe')) return even.toString('utf16le')
  if (start.startsWith('\xfe\xff')) return Buffer.from(even).swap16().toString('utf16le')
  // Names and numbers are ASCII in every other encoding of XML.
  return head.toString('latin1', start === '\xef\xbb\xbf' ? 3 : 0)
}

/** The attributes of the first tag, if it is `svg`, with or without a namespace's prefix. */
function outermostSvg(text: string): ReadonlyMap<string, string> | null {
  const at = afterProlog(text)
  const tag = /<(?:[\w.-]+:)?svg(?=[\s/>])/y
  const attribute = /\s*([^\s=<>/"']+)\s*=\s*(?:"([^"]*)"|'([^']*)')/y
  tag.lastIndex = at
  if (tag.exec(text) === null) return null
  const attributes = new Map<string, string>()
  attribute.lastIndex = tag.lastIndex
  for (let found = attribute.exec(text); found !== null; found = attribute.exec(text)) {
    const [, name = '', double, single] = found
    attributes.set(name, double ?? single ?? '')
  }
  return attributes
}

/** Where the first element begins: behind white space, comments, instructions, and the type declaration. */
function afterProlog(text: string): number {
  const ends: readonly (readonly [string, (from: number) => number])[] = [
    ['<!--', (from) => after(text, '-->', from)],
    ['<?', (from) => after(text, '?>', from)],
    ['<!DOCTYPE', (from) => afterDoctype(text, from)],
  ]
  const space = /\s*/y
  for (let at = 0; ; ) {
    space.lastIndex = at
    space.exec(text)
    at = space.lastIndex
    const end = ends.find(([begin]) => text.startsWith(begin, at))
    if (end === undefined) return at
    at = end[1](at + end[0].length)
  }
}

function after(text: string, end: string, from: number): number {
  const at = text.indexOf(end, from)
  return at === -1 ? text.length : at + end.length
}

/**
 * The place behind the `>` that is neither quoted nor in the brackets of declarations. A comment there may hold any
 * sign.
 */
function afterDoctype(text: string, from: number): number {
  const token = /<!--|["'[\]>]/g
  token.lastIndex = from
  let isWithin = false
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const [sign] = found
    if (sign === '>' && !isWithin) return token.lastIndex
    if (sign === '[' || sign === ']') isWithin = sign === '['
    if (sign === '<!--') token.lastIndex = after(text, '-->', token.lastIndex)
    if (sign === '"' || sign === "'") token.lastIndex = after(text, sign, token.lastIndex)
  }
  return text.length
}

/** CSS pixels of each absolute unit (CSS Values 4), and of a font's units at the usual 16 pixels. */
const PIXELS: Readonly<Record<string, number>> = {
  '': 1,
  px: 1,
  in: 96,
  cm: 96 / 2.54,
  mm: 96 / 25.4,
  q: 96 / 101.6,
  pt: 96 / 72,
  pc: 16,
  em: 16,
  rem: 16,
  ex: 8,
  ch: 8,
}

/** Null for a length that depends on where the picture is shown, such as `100%`. */
function pixels(length: string | undefined): number | null {
  const [, number, unit = ''] = /^(\+?[\d.]+(?:e[+-]?\d+)?)\s*([a-z]*)$/i.exec(shortValue(length)) ?? []
  const value = Number(number) * (PIXELS[unit.toLowerCase()] ?? Number.NaN)
  return value > 0 && Number.isFinite(value) ? value : null
}

function viewBox(text: string | undefined): PictureSize | null {
  const numbers = shortValue(text).split(/\s*,\s*|\s+/)
  const [, , width = 0, height = 0] = numbers.map(Number)
  return numbers.length === 4 && width > 0 && height > 0 ? { width, height } : null
}

/** The value without white space around it; empty if it is missing or too long. */
function shortValue(text: string | undefined): string {
  const value = (text ?? '').trim()
  return value.length > VALUE_MAX ? '' : value
}

function whole(width: number, height: number): PictureSize {
  return { width: Math.max(1, Math.round(width)), height: Math.max(1, Math.round(height)) }
}
