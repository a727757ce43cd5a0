/**
 * Ids of server-sent events, which clients send back as `Last-Event-ID`: the cursor to go on from and, if the client named
 * an epoch, the token of that cursor without the database's part.
 *
 * An `EventSource` reconnects to the address that it was made with. The epoch in that address belongs to an old cursor, so
 * only its database still counts; the id says the rest.
 */
import { formatFeedEpoch, parseFeedEpoch } from '@drive-feed/shared/feed-epoch.ts'

/** `CURSOR`, `CURSOR.RUN` or `CURSOR.RUN.READ_FROM`, see `feed-epoch.ts`. */
export const EVENT_ID = /^(\d+)(?:\.([0-9a-f]{16}(?:\.[0-9a-z]{1,10})?))?$/

/** @param token the `Feed-Epoch` that goes with the cursor; null for a client that named none, which gets the cursor alone */
export function eventId(cursor: number, token: string | null): string {
  const epoch = token === null ? null : parseFeedEpoch(token)
  if (epoch === null || epoch.run === null) return String(cursor)
  return `${cursor}${formatFeedEpoch(epoch).slice(epoch.database.length)}`
}

/**
 * The token that an id stood for.
 *
 * @param rest what follows the cursor in the id
 * @param epoch any epoch of the same database
 */
export function tokenOfEventId(rest: string, epoch: string): string {
  const named = parseFeedEpoch(epoch)
  return named === null ? epoch : `${named.database}.${rest}`
}
