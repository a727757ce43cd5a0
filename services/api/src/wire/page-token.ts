/**
 * The token of the next page: where a page of a listing ended, as an opaque text that clients send back. It holds the keys
 * that the listing is sorted by, not a count, so that changes between two pages never shift the rest.
 */
import { createHash } from 'node:crypto'
import type { ListingPosition } from '../feed/queries.ts'

/** With a `digest`, the name is only the beginning of one too long for a token, and the digest is that of the whole name. */
export type PageToken = ListingPosition & { readonly digest: string | null }

export const PAGE_TOKEN_CHARACTERS_MAX = 2_000

/** Longer than any name from a disk: 255 bytes that are not UTF-8 are shown in 1,275. */
const NAME_BYTES_MAX = 1_400
const DIGEST_CHARACTERS = 22
const CONTENT = /^(\d{1,16})\/([\w-]*)\/(.*)$/s

/** At most `PAGE_TOKEN_CHARACTERS_MAX` characters: the database may hold a name of any length, an address may not. */
export function makePageToken({ name, row }: ListingPosition): string {
  if (Buffer.byteLength(name) <= NAME_BYTES_MAX) return encoded(`${row}//${name}`)
  return encoded(`${row}/${digestOf(name)}/${beginningOf(name)}`)
}

/** Null for a text that `makePageToken` never gives. */
export function readPageToken(token: string): PageToken | null {
  const content = Buffer.from(token, 'base64url').toString()
  const [, row, digest, name] = CONTENT.exec(content) ?? []
  if (row === undefined || digest === undefined || name === undefined || encoded(content) !== token) return null
  if (!Number.isSafeInteger(Number(row))) return null
  return { name, row: Number(row), digest: digest === '' ? null : digest }
}

/**
 * Finds a name that is too long for a token by its row. If the row has another name now, the listing goes on after the
 * beginning of the name: nothing is left out, and names with the same beginning may be listed twice.
 */
export function positionOf({ name, row, digest }: PageToken, nameOfRow: (row: number) => string | undefined) {
  const whole = digest === null ? undefined : nameOfRow(row)
  const position: ListingPosition = { name: whole !== undefined && digestOf(whole) === digest ? whole : name, row }
  return position
}

function encoded(content: string): string {
  return Buffer.from(content).toString('base64url')
}

function digestOf(name: string): string {
  return createHash('sha256').update(name).digest('base64url').slice(0, DIGEST_CHARACTERS)
}

/** The bytes that fit, cut between two characters. */
function beginningOf(name: string): string {
  const bytes = Buffer.alloc(NAME_BYTES_MAX)
  const { written } = new TextEncoder().encodeInto(name, bytes)
  return bytes.subarray(0, written).toString()
}
