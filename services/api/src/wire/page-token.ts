/**
 * Where a page of a listing ended, as a text that clients hand back as it is. It holds what the listing is sorted by and
 * not how many came before, so that what is written meanwhile shifts nothing.
 */
import { createHash } from 'node:crypto'
import type { ListingPosition } from '../feed/queries.ts'

/** A position whose name may be only a beginning: then `digest` tells the whole one. */
export type PageToken = ListingPosition & { readonly digest: string | null }

export const PAGE_TOKEN_CHARACTERS_MAX = 2_000

/** Any name that a disk holds: 255 bytes that are not UTF-8 are shown in 1,275. */
const NAME_BYTES_MAX = 1_400
const DIGEST_CHARACTERS = 22
const CONTENT = /^(\d{1,16})\/([\w-]*)\/(.*)$/s

/** At most `PAGE_TOKEN_CHARACTERS_MAX` characters, whatever the name: the database may hold any, an address does not. */
export function makePageToken({ name, row }: ListingPosition): string {
  if (Buffer.byteLength(name) <= NAME_BYTES_MAX) return encoded(`${row}//${name}`)
  return encoded(`${row}/${digestOf(name)}/${beginningOf(name)}`)
}

/** Null for what was never given out. */
export function readPageToken(token: string): PageToken | null {
  const content = Buffer.from(token, 'base64url').toString()
  const [, row, digest, name] = CONTENT.exec(content) ?? []
  if (row === undefined || digest === undefined || name === undefined || encoded(content) !== token) return null
  if (!Number.isSafeInteger(Number(row))) return null
  return { name, row: Number(row), digest: digest === '' ? null : digest }
}

/**
 * A name that is too long for a token is found where it was. If it is not there any more, the listing goes on after the
 * beginning of it: nothing is left out, and what begins alike may come again.
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

/** Cut between two characters. */
function beginningOf(name: string): string {
  const bytes = Buffer.alloc(NAME_BYTES_MAX)
  const { written } = new TextEncoder().encodeInto(name, bytes)
  return bytes.subarray(0, written).toString()
}
