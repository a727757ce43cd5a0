/** The error that ends a program because of its config. */
import { shownText } from '../shown-text.ts'

/**
 * Mistakes in the config, all that were found. Each is one line for people: the place (file and key, or variable), the
 * value, what is allowed. The message has one a line.
 */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly mistakes: readonly string[]

  constructor(mistakes: string | readonly string[]) {
    const lines = [mistakes].flat().map(shownText)
    super(lines.join('\n'))
    this.mistakes = lines
  }

  /** The lines to print, each with the program that found the mistake, and a line break at its end. */
  linesOf(program: string): string {
    return this.mistakes.map((line) => `${program}: ${line}\n`).join('')
  }
}
