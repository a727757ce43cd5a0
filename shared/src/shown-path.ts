/** A path or name as it may be shown to people, on a terminal too. */

/** C0 and C1 controls, DEL, line separators, marks that change the direction of text, and what is no character. */
const UNSAFE = /[\p{C}\u2028\u2029]/u

/** As it is, or quoted as in JSON where it holds anything that a terminal or a line of text would not show as it is. */
export function shownPath(path: string): string {
  if (!UNSAFE.test(path)) return path
  return JSON.stringify(path).replace(/[\p{C}\u2028\u2029]/gu, escapeCharacter)
}

function escapeCharacter(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`
  }).join('')
}
