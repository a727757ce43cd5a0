/** Paths and names in what people read: messages, log lines, `watch_roots.message`. */
import { shownText } from './shown-text.ts'

/**
 * A path or a name (escaped as in `entry-name.ts`) as it is, or quoted like a JSON string where it has characters that are
 * not to be seen. Every path in a message comes through here: who names files writes on the terminals of others otherwise.
 */
export function shownPath(path: string): string {
  return shownText(path) === path ? path : shownText(JSON.stringify(path))
}
