/** Which names are left out: those that operating systems and NAS makers leave behind, and the owner's own patterns. */

/** These patterns are always on. */
export const DEFAULT_EXCLUDES: readonly string[] = [
  '.DS_Store',
  '.Spotlight-V100',
  '.Trashes',
  '.fseventsd',
  'Thumbs.db',
  'ehthumbs.db',
  'desktop.ini',
  '$RECYCLE.BIN',
  '@eaDir',
  '#recycle',
  '.@__thumb',
  '*.__tmp__',
]

/**
 * A test for one path component, with the meaning of Python's `fnmatch.fnmatchcase`: `*`, `?`, `[seq]` and `[!seq]`,
 * case-sensitive, no special treatment of a leading dot. The defaults are always added.
 */
export function createExclude(patterns: readonly string[]): (name: string) => boolean {
  const all = [...DEFAULT_EXCLUDES, ...patterns]
  const names = new Set(all.filter((pattern) => !hasWildcard(pattern)))
  const sources = all.filter(hasWildcard).map(toRegexSource)
  // `u`: a "?" is one character, not half of a surrogate pair. `s`: names may contain line breaks.
  const wild = new RegExp(`^(?:${sources.join('|')})$`, 'su')
  return (name) => names.has(name) || wild.test(name)
}

function hasWildcard(pattern: string): boolean {
  return /[*?[]/.test(pattern)
}

function toRegexSource(pattern: string): string {
  const characters = [...pattern]
  let source = ''
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] as string
    const end = character === '[' ? endOfSet(characters, at) : -1
    if (end !== -1) {
      source += setToRegexSource(characters.slice(at + 1, end))
      at = end
    } else if (character === '*') {
      source += '.*'
    } else {
      source += character === '?' ? '.' : escapeCharacter(character)
    }
  }
  return source
}

/** Index of the `]` that closes the set opened at `start`. -1 if there is none: then the `[` stands for itself. */
function endOfSet(characters: readonly string[], start: number): number {
  // A "]" that comes first is a member of the set.
  const first = characters[start + 1] === '!' ? start + 2 : start + 1
  return characters.indexOf(']', first + 1)
}

function setToRegexSource(members: readonly string[]): string {
  const negated = members[0] === '!'
  let inside = ''
  for (let at = negated ? 1 : 0; at < members.length; at += 1) {
    const from = members[at] as string
    const to = members[at + 1] === '-' ? members[at + 2] : undefined
    if (to === undefined) {
      inside += escapeCharacter(from)
    } else {
      // A range that runs backwards holds nothing.
      if (codePoint(from) <= codePoint(to)) inside += `${escapeCharacter(from)}-${escapeCharacter(to)}`
      at += 2
    }
  }
  return `[${negated ? '^' : ''}${inside}]`
}

function codePoint(character: string): number {
  return character.codePointAt(0) as number
}

function escapeCharacter(character: string): string {
  return `\\u{${codePoint(character).toString(16)}}`
}
