/**
 * The token that goes with a cursor: which database gave it, and in which run of that one (`runs` in `schema.ts`). To
 * clients it is one opaque text.
 */
import { randomBytes } from 'node:crypto'

export type FeedEpoch = {
  /** A UUID. */
  readonly database: string
  /** Null in tokens from before there were runs, and of a feed that has no change yet. */
  readonly run: string | null
}

const EPOCH = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.([0-9a-f]{16}))?$/

export function formatFeedEpoch({ database, run }: FeedEpoch): string {
  return run === null ? database : `${database}.${run}`
}

/** Null for what is no such token. */
export function parseFeedEpoch(text: string): FeedEpoch | null {
  const [, database, run = null] = EPOCH.exec(text) ?? []
  return database === undefined ? null : { database, run }
}

/** Random: two copies of a database that both go on must never have the same. */
export function newRunId(): string {
  return randomBytes(8).toString('hex')
}
