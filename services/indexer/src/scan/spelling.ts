/**
 * Names that a filesystem takes for one another: exFAT, NTFS, SMB, and folders of ext4 and ZFS that were made so, find
 * `Holiday.jpg` when asked for `holiday.jpg`. Then only a listing says how a name is spelled.
 */
import { emptyStats, statAt } from './statx.ts'

/** Filled anew for each question. */
const stats = emptyStats()

/**
 * Whether the open folder may find the name under another spelling, asked with one that is there; null where the name has
 * none. In doubt it may: a listing costs time, and nothing else.
 */
export function mayFold(folderFd: number, name: string): boolean | null {
  const others = otherSpellings(name)
  if (others.length === 0) return null
  return others.some((other) => statAt(folderFd, other, stats) === 0)
}

/** How the name is spelled among those that are listed; undefined if it is not among them in any spelling. */
export function findSpelling(name: string, listed: Iterable<string>): string | undefined {
  const key = foldingKey(name)
  for (const one of listed) if (foldingKey(one) === key) return one
  return undefined
}

/** One of each kind that is folded anywhere: another case, another composition of accents, dots and blanks at the end. */
function otherSpellings(name: string): string[] {
  const recomposed = name.normalize('NFC') === name ? name.normalize('NFD') : name.normalize('NFC')
  const others = [swapCase(name), recomposed, name.replace(TRAILING, '')]
  return others.filter((other) => other !== name && other !== '')
}

/** FAT and Windows' rules drop these. */
const TRAILING = /[. ]+$/

/** The first letter that has two cases, in the other one. */
function swapCase(name: string): string {
  for (const letter of name) {
    const [upper, lower] = [letter.toUpperCase(), letter.toLowerCase()]
    const other = letter === upper ? lower : upper
    if (other !== letter) return name.replace(letter, () => other)
  }
  return name
}

function foldingKey(name: string): string {
  return name.normalize('NFKC').toUpperCase().toLowerCase().replace(TRAILING, '')
}
