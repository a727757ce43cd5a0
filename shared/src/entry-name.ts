/**
 * Names of directory entries. Names on Linux are bytes. Here a name is a string in which a lone low surrogate
 * U+DC80…U+DCFF stands for each byte that is not part of valid UTF-8 (Python's `surrogateescape`, PEP 383). So a string
 * keeps every byte, compares and sorts, and nearly always is plain text.
 */

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The name for the bytes that the kernel gives. */
export function nameFromBytes(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return escapeInvalid(bytes)
  }
}

/** The bytes on disk of a name. */
export function nameToBytes(name: string): Buffer {
  if (name.isWellFormed()) return Buffer.from(name)
  const parts: Buffer[] = []
  for (const character of name) {
    const code = character.charCodeAt(0)
    const escaped = character.length === 1 && code >= 0xdc80 && code <= 0xdcff
    parts.push(escaped ? Buffer.of(code - 0xdc00) : Buffer.from(character))
  }
  return Buffer.concat(parts)
}

/** A path for node:fs: the string itself, or bytes if a string would not reach the file. */
export function pathForFs(path: string): string | Buffer {
  return path.isWellFormed() ? path : nameToBytes(path)
}

/** A byte that is not UTF-8, or a U+FFFD that could be taken for one. */
const SIGNS = /[\uDC80-\uDCFF]|\uFFFD(?=[0-9A-F]{2})/gu
const WRITTEN_REPLACEMENT = shownBytes(Buffer.from('\uFFFD'))

/**
 * The name for people and clients: well-formed Unicode, and never the same for two names. Each byte that is not UTF-8
 * is shown as U+FFFD and its two hex digits ("\xff" as "\uFFFDFF"). To keep that unambiguous, a U+FFFD that is really
 * in a name is shown by its three bytes if two such digits follow it.
 */
export function displayName(name: string): string {
  // Nearly every name is ASCII, or without either sign.
  if (name.isWellFormed() && !name.includes('\uFFFD')) return name
  const shown = name.replace(SIGNS, (sign) =>
    sign === '\uFFFD' ? WRITTEN_REPLACEMENT : shownBytes([sign.charCodeAt(0) - 0xdc00]),
  )
  // Bytes never become other surrogates, but the name of a watch may hold them.
  return shown.toWellFormed()
}

function shownBytes(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => `\uFFFD${byte.toString(16).toUpperCase()}`).join('')
}

/** The `raw_name` column: null if the shown name is the name. */
export function rawNameColumn(name: string): Buffer | null {
  return displayName(name) === name ? null : nameToBytes(name)
}

/** The name on disk from a row's two columns. */
export function nameFromColumns(name: string, rawName: Uint8Array | null): string {
  return rawName === null ? name : nameFromBytes(rawName)
}

function escapeInvalid(bytes: Uint8Array): string {
  let name = ''
  for (let at = 0; at < bytes.length; ) {
    const length = validSequenceLength(bytes, at)
    if (length === 0) {
      name += String.fromCharCode(0xdc00 + (bytes[at] as number))
      at += 1
    } else {
      name += strictUtf8.decode(bytes.subarray(at, at + length))
      at += length
    }
  }
  return name
}

/** Length in bytes of the valid UTF-8 character at `at`, 0 if there is none. */
function validSequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number
  const length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 0
  if (length === 0 || at + length > bytes.length) return 0
  try {
    strictUtf8.decode(bytes.subarray(at, at + length))
    return length
  } catch {
    return 0
  }
}
