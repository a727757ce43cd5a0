/**
 * Names that a filesystem takes for one another: exFAT, NTFS, SMB, and folders of ext4 and ZFS that were made so, find
 * `Holiday.jpg` when asked for `holiday.jpg`. Then only a listing says how a name is spelled.
 */
import { foldingKey, TRAILING_DROPPED } from '@drive-feed/shared/folding-key.ts'
import { emptyStats, statAt } from '../posix/statx.ts'

/** Filled anew for each question. */
const stats = emptyStats()

/**
 * Whether the open folder may find the name under another spelling, asked with one that is there; null where that can't be
 * told by this name. In doubt it may: a listing costs time, and nothing else.
 */
export function mayFold(folderFd: number, name: string): boolean | null {
  if (otherSpellings(name).some((other) => statAt(folderFd, other, stats) === 0)) return true
  // A disk may fold these and not others: exFAT has a table of its own.
  return /[A-Za-z]/.test(name) ? false : null
}

/** Finds how a name is spelled among those that are listed; undefined for one that is not among them in any spelling. */
export function createSpellings(listed: ReadonlySet<string>): (name: string) => string | undefined {
  let byKey: Map<string, string> | null = null
  return (name) => {
    byKey ??= new Map(Array.from(listed, (one) => [foldingKey(one), one]))
    return byKey.get(foldingKey(name))
  }
}

/** One of each kind that is folded anywhere: another case, another composition of accents, dots and blanks at the end. */
function otherSpellings(name: string): string[] {
  const recomposed = name.normalize('NFC') === name ? name.normalize('NFD') : name.normalize('NFC')
  const others = [swapCase(name, /[A-Za-z]/), swapCase(name, /./su), recomposed, name.replace(TRAILING_DROPPED, '')]
  return [...new Set(others)].filter((other) => other !== name && other !== '')
}

/** The first of these letters that has two cases, in the other one. */
function swapCase(name: string, among: RegExp): string {
  for (const letter of name) {
    const [upper, lower] = [letter.toUpperCase(), letter.toLowerCase()]
    const other = letter === upper ? lower : upper
    if (other !== letter && among.test(letter)) return name.replace(letter, () => other)
  }
  return name
}
