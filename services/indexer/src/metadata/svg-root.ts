/** Whether a document is an SVG, by its first element, behind all that may stand before it. */

/** `unsure`: the head ends before the first element. */
export type SvgRoot = 'svg' | 'other' | 'unsure'

const SPACE = /[ \t\r\n]*/y
const DOCTYPE = /<!DOCTYPE[ \t\r\n]+(?<name>[^ \t\r\n[>]+)[ \t\r\n[>]/y
/** With or without a namespace's prefix. */
const ELEMENT = /<(?<name>[^ \t\r\n<>/!?]+)[ \t\r\n/>]/y
/** The beginning of a comment, a DOCTYPE or an element, and no more. */
const CUT = /^(<(!-?|!D[^>[]*|[^ \t\r\n<>/!?]*))?$/
/** So much of an element or DOCTYPE decides: a longer name is not `svg`. */
const NAME_MAX = 256

/**
 * Skips the byte order mark, white space, comments and processing instructions (XML 1.0, section 2.8), in one pass over
 * `head`. libmagic's rules can't: they look for `<svg` anywhere near the beginning, where READMEs and comments have it
 * too, or only at the very beginning. Relative offsets would skip what is before it, but libmagic before 5.45 counts
 * them wrong.
 */
export function svgRoot(head: Buffer): SvgRoot {
  const text = decode(head)
  for (let at = 0; ; ) {
    at += match(SPACE, text, at)?.[0].length ?? 0
    const end = skipped(text, at)
    if (end === null) return rootAt(text, at)
    if (end === -1) return 'unsure'
    at = end
  }
}

/** Where the comment or instruction that begins here ends: -1 for behind the head, null if none begins here. */
function skipped(text: string, at: number): number | null {
  const [start, end] = text.startsWith('<!--', at) ? ['<!--', '-->'] : ['<?', '?>']
  if (!text.startsWith(start, at)) return null
  const found = text.indexOf(end, at + start.length)
  return found === -1 ? -1 : found + end.length
}

function rootAt(text: string, at: number): SvgRoot {
  const name = (match(DOCTYPE, text, at) ?? match(ELEMENT, text, at))?.groups?.name
  if (name !== undefined) return /^([^:]+:)?svg$/.test(name) ? 'svg' : 'other'
  return text.length - at < NAME_MAX && CUT.test(text.slice(at)) ? 'unsure' : 'other'
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

/** All that matters here is ASCII, which UTF-8 and its kin have in common. */
function decode(head: Buffer): string {
  const [first, second] = head
  const even = head.subarray(0, head.length - (head.length % 2))
  if ((first === 0xff && second === 0xfe) || (first === 0x3c && second === 0))
    return withoutMark(even.toString('utf16le'))
  if ((first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c)) {
    return withoutMark(Buffer.from(even).swap16().toString('utf16le'))
  }
  return head.toString('latin1', first === 0xef && second === 0xbb && head[2] === 0xbf ? 3 : 0)
}

function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text
}
