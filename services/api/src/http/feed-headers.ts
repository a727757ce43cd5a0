/** The headers of every answer of the feed, and whether the client already has the answer. */
import { hash } from 'node:crypto'
import { parseFeedEpoch } from '@drive-feed/shared/feed-epoch.ts'
import { VERSION } from '@drive-feed/shared/version.ts'
import type { Request, Response } from 'express'
import { DatabaseDamagedError } from '../feed/database-source.ts'
import type { FeedState } from '../feed/feed-state.ts'
import { codingFor } from './send-body.ts'

/** @param epoch the token that goes with the answer's cursor @throws {DatabaseDamagedError} */
export function setFeedHeaders(res: Response, feed: FeedState, epoch: string = feed.epoch): void {
  // A damaged epoch may not even be a valid header.
  if (parseFeedEpoch(feed.epoch) === null) throw new DatabaseDamagedError('the epoch of the feed is not one')
  res.set('Feed-Epoch', epoch)
  res.set('Feed-Head', String(feed.head))
}

/**
 * Sets `ETag`, and returns whether the request's `If-None-Match` holds it: then a 304 is the whole answer.
 *
 * `feed` must be read before the answer, or with it. Apart from the paths of the watched folders, clients see no change
 * without a new head, so while the head stays, the same request gets the same answer. If the head moves while the answer
 * is read, its tag names the old head and never matches again.
 */
export function isNotModified(req: Request, res: Response, feed: FeedState, epoch: string = feed.epoch): boolean {
  setFeedHeaders(res, feed, epoch)
  // A strong tag identifies one representation, so it includes the coding. The epoch says what the answer was read from.
  const tag = tagOf(feed, JSON.stringify([epoch, req.originalUrl, codingFor(req)]))
  res.set('ETag', tag)
  res.vary('Accept-Encoding')
  return isAmong(tag, req.get('If-None-Match'))
}

/** Tags that are remembered of one state: clients that poll ask for the same again and again. */
const TAGS_MAX = 256
const tags = new WeakMap<FeedState, Map<string, string>>()

function tagOf(feed: FeedState, asked: string): string {
  const known = tags.get(feed) ?? new Map<string, string>()
  tags.set(feed, known)
  const tag = known.get(asked) ?? makeTag(feed, asked)
  if (known.size < TAGS_MAX) known.set(asked, tag)
  return tag
}

function makeTag({ head, roots }: FeedState, asked: string): string {
  const source = JSON.stringify([VERSION, head, roots, asked])
  return `"${hash('sha256', source, 'base64url').slice(0, 27)}"`
}

/**
 * RFC 9110, 13.1.2. Express' `req.fresh` is false at `Cache-Control: no-cache`, which `fetch` adds to every request with an
 * `If-None-Match` of its caller, so those would never get a 304.
 */
function isAmong(tag: string, ifNoneMatch: string | undefined): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''))
  return tags.includes(tag) || tags.includes('*')
}

/** Sends the 304. */
export function sendNotModified(res: Response): void {
  res.status(304).end()
}
