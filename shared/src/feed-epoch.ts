/**
 * The token that goes with a cursor: which database gave it, in which run of that one (`runs` in `schema.ts`), and how much
 * later than the cursor the state of the database was that the answer was read from. To clients it is one opaque text, of
 * 64 characters at most.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { DatabaseFiles } from './database-files.ts'

export type FeedEpoch = {
  /** A UUID. */
  readonly database: string
  /** Null in tokens from before there were runs, and of a feed that has no change yet. */
  readonly run: string | null
  /** What the answer was read from; null where that is where the log stood at the cursor. */
  readonly readFrom?: ReadFrom | null
}

/** Where the log ended at the last read of the answer; or, where the head of an answer is sent before that, the files. */
export type ReadFrom = { readonly head: number } | { readonly files: string }

const EPOCH =
  /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.([0-9a-f]{16})(?:\.(?:([0-9a-z]{1,10})|~([0-9a-z]{9})))?)?$/
const BASE = 36
const FILES_CHARACTERS = 9

export function formatFeedEpoch({ database, run, readFrom = null }: FeedEpoch): string {
  if (run === null) return database
  return readFrom === null ? `${database}.${run}` : `${database}.${run}.${formatReadFrom(readFrom)}`
}

/** Null for what is no such token. */
export function parseFeedEpoch(text: string): FeedEpoch | null {
  const [, database, run = null, head, files] = EPOCH.exec(text) ?? []
  if (database === undefined) return null
  if (files !== undefined) return { database, run, readFrom: { files } }
  return { database, run, readFrom: head === undefined ? null : { head: Number.parseInt(head, BASE) } }
}

function formatReadFrom(readFrom: ReadFrom): string {
  return 'head' in readFrom ? readFrom.head.toString(BASE) : `~${readFrom.files}`
}

/** Names the three files that a database is at this moment: others, and the same ones made anew, have another name. */
export function nameOfFiles({ main, wal, shm }: DatabaseFiles): string {
  // Not the device: its number is another one after the machine was started again.
  const ids = [main, wal, shm].map((stats) => (stats === null ? null : [String(stats.inode), stats.birthTime]))
  const digest = createHash('sha256').update(JSON.stringify(ids)).digest()
  return digest.readBigUInt64BE().toString(BASE).padStart(FILES_CHARACTERS, '0').slice(-FILES_CHARACTERS)
}

/** Random: two copies of a database that both go on must never have the same. */
export function newRunId(): string {
  return randomBytes(8).toString('hex')
}
