/**
 * Names that some filesystem takes for one another have one key: case, accents as one or two characters, dots at the
 * end.
 */

/** FAT's and Windows' rules drop dots and blanks at the end of a name. */
export const TRAILING_DROPPED = /[. ]+$/

export function foldingKey(name: string): string {
  return name.normalize('NFKC').toUpperCase().toLowerCase().replace(TRAILING_DROPPED, '')
}
