/**
 * What is left out: names that operating systems and NAS makers leave behind, and the owner's own patterns, for names and
 * for paths.
 */
import picomatch from 'picomatch'

/** These patterns are on unless the config switches them off. */
export const DEFAULT_EXCLUDES: readonly string[] = [
  // macOS
  '.DS_Store',
  '.Spotlight-V100',
  '.Trashes',
  '.fseventsd',
  // Windows
  'Thumbs.db',
  'ehthumbs.db',
  'desktop.ini',
  '$RECYCLE.BIN',
  // Synology: thumbnails and indexes, the bin
  '@eaDir',
  '#recycle',
  // QNAP: thumbnails, the bin, snapshots
  '.@__thumb',
  '@Recycle',
  '@Recently-Snapshot',
  // Snapshots: each would be a whole copy of the tree
  '.zfs',
  '.snapshot',
  '.snapshots',
  // Syncthing: former versions
  '.stversions',
  '*.__tmp__',
]

/** What is left out: `patterns`, which may hold a "/", and the defaults unless they are switched off. */
export type Excludes = { readonly patterns: readonly string[]; readonly usesDefaults: boolean }

/**
 * Whether a name in a folder is left out. `pathOfFolder`: from the name of the watch on, as in `photos/2024`; asked only if
 * there are patterns for paths.
 */
export type IsExcluded = (name: string, pathOfFolder: () => string) => boolean

/**
 * A pattern without "/" is for one path component and has the meaning of Python's `fnmatch.fnmatchcase`: `*`, `?`, `[seq]`
 * and `[!seq]`, case-sensitive, no special treatment of a leading dot. One with "/" is for a path from the name of the
 * watch on: each of its components has that meaning, and `**` is any number of them, none too, but at the end at least one:
 * `photos/**` is what is in `photos`, and not `photos`.
 */
export function createExclude({ patterns, usesDefaults }: Excludes): IsExcluded {
  const all = [...(usesDefaults ? DEFAULT_EXCLUDES : []), ...patterns]
  const isName = createNameMatch(all.filter((pattern) => !isPathPattern(pattern)))
  const paths = all.filter(isPathPattern)
  if (paths.length === 0) return isName
  const isPath = createPathMatch(paths)
  return (name, pathOfFolder) => isName(name) || isPath(`${pathOfFolder()}/${name}`)
}

/** Whether what is left out depends on where it is, so that a folder that moves may hold other things for us. */
export function excludesByPath({ patterns }: Excludes): boolean {
  return patterns.some(isPathPattern)
}

export function isPathPattern(pattern: string): boolean {
  return pattern.includes('/')
}

function createNameMatch(patterns: readonly string[]): (name: string) => boolean {
  const names = new Set(patterns.filter((pattern) => !hasWildcard(pattern)))
  const sources = patterns.filter(hasWildcard).map(toRegexSource)
  if (sources.length === 0) return (name) => names.has(name)
  // `u`: a "?" is one character, not half of a surrogate pair. `s`: names may contain line breaks.
  const wild = new RegExp(`^(?:${sources.join('|')})$`, 'su')
  return (name) => names.has(name) || wild.test(name)
}

/** Characters of a private plane, each of which stands for a piece of a regular expression while picomatch reads. */
const ASIDE_FIRST = 0xf0000
const ASIDE = /[\u{f0000}-\u{ffffd}]/gu

function createPathMatch(patterns: readonly string[]): (path: string) => boolean {
  const paths = new RegExp(patterns.map(toPathRegexSource).join('|'), 'su')
  return (path) => paths.test(path)
}

/**
 * What a component may hold is put aside, so that picomatch sees `*`, `?`, `**` and words: for picomatch quotes,
 * backslashes, brackets of all kinds and signs before them mean more than they do in patterns for names.
 */
function toPathRegexSource(pattern: string): string {
  const asides: string[] = []
  const aside = (source: string) => {
    asides.push(source)
    return String.fromCodePoint(ASIDE_FIRST + asides.length - 1)
  }
  const components = withoutRepeats(pattern).split('/')
  const text = components.map((component) => withAsides([...component], aside)).join('/')
  const { source } = picomatch.makeRe(text, { dot: true })
  return source.replace(ASIDE, (character) => asides[codePoint(character) - ASIDE_FIRST] ?? character)
}

/**
 * The pattern without what picomatch reads differently from place to place: `**` twice in a row, and a last `**`, of which it
 * depends on the component before whether none counts.
 */
function withoutRepeats(pattern: string): string {
  const once = pattern.replace(/(^|\/)(?:\*\*\/)+(?=\*\*(?:\/|$))/g, '$1')
  return once.endsWith('/**') ? `${once}/*` : once
}

function withAsides(characters: readonly string[], aside: (source: string) => string): string {
  let text = ''
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] as string
    const end = character === '[' ? endOfSet(characters, at) : -1
    if (end !== -1) {
      text += aside(`(?!/)${setToRegexSource(characters.slice(at + 1, end))}`)
      at = end
    } else text += /[\w.*?]/.test(character) ? character : aside(escapeCharacter(character))
  }
  return text
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
