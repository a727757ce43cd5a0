/**
 * Types by libmagic's database that our own rules may change, or whose files may have a size though they are no
 * pictures. The rules use these lists, and so does the choice of files to read again when the rules change.
 */

/** A MIME type; a `*` at its end stands for any rest. */
export type TypePattern = string

/** libmagic's answer for bytes that it does not know. */
export const UNKNOWN_TYPE = 'application/octet-stream'

/** Words somewhere in an SVG (`<title>`, `function`) have it taken for many kinds of text. */
export const MAY_BE_SVG: readonly TypePattern[] = ['text/*', UNKNOWN_TYPE, 'application/javascript']

/** The database says `audio/mp4` of some cameras' films too, by a brand that only films have. */
export const MAY_BE_MEDIA: readonly TypePattern[] = [UNKNOWN_TYPE, 'audio/mp4']

/** gzip, which may hold an SVG (`.svgz`). */
export const MAY_BE_PACKED_PICTURE: readonly TypePattern[] = ['application/gzip', 'application/x-gzip']

export const UNSURE_TYPES: readonly TypePattern[] = [
  ...new Set([...MAY_BE_SVG, ...MAY_BE_MEDIA, ...MAY_BE_PACKED_PICTURE]),
]

export function isOneOf(mimeType: string, patterns: readonly TypePattern[]): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? mimeType.startsWith(pattern.slice(0, -1)) : mimeType === pattern,
  )
}
