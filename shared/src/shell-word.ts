/** Words for commands that people copy from a message into a shell. */
import { nameToBytes } from './entry-name.ts'

/**
 * A name or path (escaped as in `entry-name.ts`) as one word of a shell. Characters that a terminal would not show are
 * octal bytes in `$'…'`, which every shell but the simplest knows.
 */
export function shellWord(text: string): string {
  if (/^[\w./:@%+,-]+$/.test(text)) return text
  if (!/[\p{C}\p{Zl}\p{Zp}]/u.test(text)) return `'${text.replaceAll("'", "'\\''")}'`
  const bytes = Array.from(nameToBytes(text), (byte) => {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c
    return isPlain || byte === 0x20 ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`
  })
  return `$'${bytes.join('')}'`
}
