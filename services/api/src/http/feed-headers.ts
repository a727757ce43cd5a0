/** What every answer from the feed says about it, and whether the client has this very answer already. */
import { createHash } from 'node:crypto'
import { parseFeedEpoch } from '@drive-feed/shared/feed-epoch.ts'
import { VERSION } from '@drive-feed/shared/version.ts'
import type { Request, Response } from 'express'
import { DatabaseDamagedError } from '../feed/database-source.ts'
import type { FeedState } from '../feed/queries.ts'
import { codingFor } from './send-body.ts'

/** @param epoch the token that goes with the answer's cursor @throws {DatabaseDamagedError} */
export function setFeedHeaders(res: Response, feed: FeedState, epoch: string = feed.epoch): void {
  // What is left of a damaged one may not even be fit for a header.
  if (parseFeedEpoch(feed.epoch) === null) throw new DatabaseDamagedError('the epoch of the feed is not one')
  res.set('Feed-Epoch', epoch)
  res.set('Feed-Head', String(feed.head))
}

/**
 * Sets `ETag`, and tells whether the request's `If-None-Match` holds it: then a 304 is the whole answer.
 *
 * `feed` must have been read before the answer was, or with it. Nothing that clients see changes without a new head,
 * except the paths of the watched folders; so as long as the head stands, the answer that was made since is still what
 * the same question gets. One that was made while the head moved on is never asked for again under its old tag.
 */
export function isNotModified(req: Request, res: Response, feed: FeedState, epoch: string = feed.epoch): boolean {
  setFeedHeaders(res, feed, epoch)
  // A strong tag is of one representation, so the coding is part of it. What the answer was read from is in the token.
  const source = [VERSION, epoch, feed.head, feed.roots, req.originalUrl, codingFor(req)]
  const tag = `"${createHash('sha256').update(JSON.stringify(source)).digest('base64url').slice(0, 27)}"`
  res.set('ETag', tag)
  res.vary('Accept-Encoding')
  return isAmong(tag, req.get('If-None-Match'))
}

/**
 * RFC 9110, 13.1.2. Express' `req.fresh` also heeds the `Cache-Control: no-cache` that `fetch` puts beside a tag of one's
 * own, and so would never answer 304 to it.
 */
function isAmong(tag: string, ifNoneMatch: string | undefined): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''))
  return tags.includes(tag) || tags.includes('*')
}

/** Sends the 304. */
export function sendNotModified(res: Response): void {
  res.status(304).end()
}
