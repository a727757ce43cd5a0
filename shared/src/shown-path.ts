/** Paths and names in texts that people read: messages, log lines, `watch_roots.message`. */
import { shownText } from './shown-text.ts'

/**
 * A path or a name (escaped as in `entry-name.ts`) as it is, or quoted like a JSON string if it has unsafe characters.
 * Every path in a message comes through here: otherwise whoever names a file could control other people's terminals.
 */
export function shownPath(path: string): string {
  return shownText(path) === path ? path : shownText(JSON.stringify(path))
}
