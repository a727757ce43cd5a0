/** The error that ends a program because of its config. */
import { shownText } from '../shown-text.ts'

/** A mistake in the config file. The message is one line for people: the file, the key, the value, what is allowed. */
export class ConfigError extends Error {
  override name = 'ConfigError'

  constructor(message: string) {
    super(shownText(message))
  }
}
