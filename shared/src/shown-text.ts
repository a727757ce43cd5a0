/** Text that came from others, such as names of files, made safe to be looked at. */

/**
 * What a terminal obeys instead of showing it, or what makes text look like other text: control characters (C0, DEL, C1),
 * format characters (right-to-left overrides, zero-width ones), line and paragraph separators, halves of characters.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** One line without any of these: each is written as JSON writes characters. A backslash stays what it is. */
export function shownText(text: string): string {
  return text.replace(UNSAFE, escaped)
}

function escaped(character: string): string {
  const short = JSON.stringify(character).slice(1, -1)
  return short === character ? Array.from({ length: character.length }, (_, at) => unit(character, at)).join('') : short
}

function unit(text: string, at: number): string {
  return `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`
}
