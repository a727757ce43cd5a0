/**
 * Where a page of a listing ended, as a text that clients hand back as it is. It holds what the listing is sorted by and
 * not how many came before, so that what is written meanwhile shifts nothing.
 */
import type { ListingPosition } from '../queries.ts'

export function makePageToken({ name, row }: ListingPosition): string {
  return Buffer.from(JSON.stringify([name, row])).toString('base64url')
}

/** Null for what was never given out. */
export function readPageToken(token: string): ListingPosition | null {
  try {
    const [name, row, ...rest] = JSON.parse(Buffer.from(token, 'base64url').toString()) as unknown[]
    if (typeof name !== 'string' || !Number.isSafeInteger(row) || rest.length > 0) return null
    return { name, row: row as number }
  } catch {
    return null
  }
}
