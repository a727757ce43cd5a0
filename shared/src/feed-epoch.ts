/**
 * The token that goes with a cursor: which database gave it, in which of its runs (`runs` in `schema.ts`), and from
 * which state of the database the answer was read, if that is later than the cursor. For clients it is one opaque text
 * of 64 characters at most.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { DatabaseFiles } from './database-files.ts'

export type FeedEpoch = {
  /** A UUID. */
  readonly database: string
  /** Null in tokens from before runs existed, and for a feed that has no change yet. */
  readonly run: string | null
  /** The state that the answer was read from; null if that is the state at the cursor. */
  readonly readFrom?: ReadFrom | null
}

/**
 * The log's head at the last read of the answer. If the answer's headers are sent before that read: the name of the
 * files.
 */
export type ReadFrom = { readonly head: number } | { readonly files: string }

const EPOCH =
  /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.([0-9a-f]{16})(?:\.(?:([0-9a-z]{1,10})|~([0-9a-z]{9})))?)?$/
const BASE = 36
const FILES_CHARACTERS = 9

export function formatFeedEpoch({ database, run, readFrom = null }: FeedEpoch): string {
  if (run === null) return database
  return readFrom === null ? `${database}.${run}` : `${database}.${run}.${formatReadFrom(readFrom)}`
}

/** Null if the text is no such token. */
export function parseFeedEpoch(text: string): FeedEpoch | null {
  const [, database, run = null, head, files] = EPOCH.exec(text) ?? []
  if (database === undefined) return null
  if (files !== undefined) return { database, run, readFrom: { files } }
  return { database, run, readFrom: head === undefined ? null : { head: Number.parseInt(head, BASE) } }
}

function formatReadFrom(readFrom: ReadFrom): string {
  return 'head' in readFrom ? readFrom.head.toString(BASE) : `~${readFrom.files}`
}

/**
 * A name for the three files of a database as they are now. Other files, and the same ones made anew, have another
 * name.
 */
export function nameOfFiles({ main, wal, shm }: DatabaseFiles): string {
  // Without the device, whose number may change when the machine restarts.
  const ids = [main, wal, shm].map((stats) => (stats === null ? null : [String(stats.inode), stats.birthTime]))
  const digest = createHash('sha256').update(JSON.stringify(ids)).digest()
  return digest.readBigUInt64BE().toString(BASE).padStart(FILES_CHARACTERS, '0').slice(-FILES_CHARACTERS)
}

/** Random, since two copies of a database that both go on must have different runs. */
export function newRunId(): string {
  return randomBytes(8).toString('hex')
}
