/**
 * Names that a filesystem takes for one another. exFAT, NTFS, SMB, and folders of ext4 and ZFS that were made so, find
 * `Holiday.jpg` when asked for `holiday.jpg`. There only a listing says how a name is spelled.
 */
import { foldingKey, TRAILING_DROPPED } from '@drive-feed/shared/folding-key.ts'
import { emptyStats, statAt } from '../posix/statx.ts'

/** Filled anew for each question. */
const stats = emptyStats()

/**
 * Whether the open folder may find a name under another spelling, tried with a name that is there; null if this name
 * can't show it. In doubt the answer is true: a listing costs only time.
 */
export function mayFold(folderFd: number, name: string): boolean | null {
  if (otherSpellings(name).some((other) => statAt(folderFd, other, stats) === 0)) return true
  // Only ASCII letters show that a disk does not fold: exFAT has a table of its own for other letters.
  return /[A-Za-z]/.test(name) ? false : null
}

/** Finds how a name is spelled in the listing; undefined if no spelling of it is listed. */
export function createSpellings(listed: ReadonlySet<string>): (name: string) => string | undefined {
  let byKey: Map<string, string> | null = null
  return (name) => {
    byKey ??= new Map(Array.from(listed, (one) => [foldingKey(one), one]))
    return byKey.get(foldingKey(name))
  }
}

/** A spelling for each way in which some filesystem folds: case, composition of accents, dots and blanks at the end. */
function otherSpellings(name: string): string[] {
  const recomposed = name.normalize('NFC') === name ? name.normalize('NFD') : name.normalize('NFC')
  const others = [swapCase(name, /[A-Za-z]/), swapCase(name, /./su), recomposed, name.replace(TRAILING_DROPPED, '')]
  return [...new Set(others)].filter((other) => other !== name && other !== '')
}

/** The name with the first of these letters that has two cases in its other case. */
function swapCase(name: string, among: RegExp): string {
  for (const letter of name) {
    const [upper, lower] = [letter.toUpperCase(), letter.toLowerCase()]
    const other = letter === upper ? lower : upper
    if (other !== letter && among.test(letter)) return name.replace(letter, () => other)
  }
  return name
}
