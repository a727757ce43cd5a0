/** Makes text from others, such as names of files, safe to print. */

/**
 * Characters that a terminal obeys instead of showing them, or that make text look like other text: control characters
 * (C0, DEL, C1), format characters (right-to-left overrides, zero-width ones), line and paragraph separators, halves of
 * characters.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** One line without any of these: each is escaped as in JSON. A backslash stays as it is. */
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
