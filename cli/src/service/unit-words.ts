/** Words of unit files: systemd.syntax(7), systemd.unit(5) "Specifiers", systemd.service(5) "Command lines". */

/** A path in a list of paths. A percent sign would begin a specifier, and a blank the next path. */
export function pathWord(path: string): string {
  return quoted(path.replaceAll('%', '%%'))
}

/** A word of `ExecStart=`, where a dollar sign would begin a variable too. */
export function commandWord(word: string): string {
  return quoted(word.replaceAll('%', '%%').replaceAll('$', () => '$$'))
}

/** Whether a unit can hold it at all: a line can't hold a line break, nor what is no text. */
export function isForUnit(word: string): boolean {
  return !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\uFFFD]/u.test(word)
}

function quoted(text: string): string {
  if (/^[\w./:@=+,%$-]+$/.test(text)) return text
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
