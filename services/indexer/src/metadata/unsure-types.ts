/**
 * Answers of libmagic's database that our own rules may turn into another one, or of which a file may have a size though
 * it is no picture. One list for the rules and for what is asked for again when they change.
 */

/** A MIME type, or the beginning of some with a `*` behind it. */
export type TypePattern = string

/** libmagic's answer for bytes that it does not know. */
export const UNKNOWN_TYPE = 'application/octet-stream'

/** By words that it has somewhere (`<title>`, `function`) an SVG is taken for many kinds of text. */
export const MAY_BE_SVG: readonly TypePattern[] = ['text/*', UNKNOWN_TYPE, 'application/javascript']

/** `audio/mp4` is also what the database says of the films of some cameras, by a brand that only films have. */
export const MAY_BE_MEDIA: readonly TypePattern[] = [UNKNOWN_TYPE, 'audio/mp4']

/** gzip, in which an SVG may be (`.svgz`). */
export const MAY_BE_PACKED_PICTURE: readonly TypePattern[] = ['application/gzip', 'application/x-gzip']

export const UNSURE_TYPES: readonly TypePattern[] = [
  ...new Set([...MAY_BE_SVG, ...MAY_BE_MEDIA, ...MAY_BE_PACKED_PICTURE]),
]

export function isOneOf(mimeType: string, patterns: readonly TypePattern[]): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? mimeType.startsWith(pattern.slice(0, -1)) : mimeType === pattern,
  )
}
