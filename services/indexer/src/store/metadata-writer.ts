/** Stores what the metadata workers found, in rows that still are about the bytes that were read (I6). */

import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import type { MetadataState } from '@drive-feed/shared/schema.ts'
import type { ChangeLog } from './change-log.ts'

/** Meaning and units as in the `nodes` table. */
export type FoundMetadata = {
  readonly hash: string
  readonly mimeType: string
  readonly isImage: boolean
  readonly isVideo: boolean
  readonly width: number
  readonly height: number
  readonly msDuration: number
}

/** The bytes a finding is about. */
export type ReadBytes = {
  readonly nodeId: string
  readonly inode: string
  readonly size: number
  readonly mtime: number
  /** When the file was taken to be read, ms since 1970. A row that became due after that is about other bytes. */
  readonly askedMs: number
}

/**
 * - `found`: the metadata of these bytes; `problem` if a library failed on them, so some may be missing.
 * - `failed`, `unreadable`: nothing is known. The row keeps what it shows, and is re-issued if it was pending: clients
 *   that leave pending files out wait for that row.
 * - `later`: the file is not the row's, or no longer. It is asked for again at `dueMs`.
 */
export type MetadataFinding =
  | {
      readonly kind: 'found'
      readonly bytes: ReadBytes
      readonly metadata: FoundMetadata
      readonly problem: string | null
    }
  | { readonly kind: 'failed' | 'unreadable'; readonly bytes: ReadBytes; readonly problem: string }
  | { readonly kind: 'later'; readonly bytes: ReadBytes; readonly dueMs: number }

/** Types that say nothing: libmagic does not know the bytes, or was not asked. */
const NO_TYPES: readonly string[] = ['application/octet-stream', '']

/** Whether a node that has the inode number in the database also has it on disk, as far as is known. */
export type IsSameInode = (nodeId: string) => boolean

/** A waiting row, as SQLite gives it. */
type CurrentRow = {
  readonly rowId: number
  readonly nodeId: string
  readonly changeId: number
  readonly hash: string
  readonly mimeType: string
  readonly isImage: 0 | 1
  readonly isVideo: 0 | 1
  readonly width: number
  readonly height: number
  readonly msDuration: number
  readonly metadataError: string | null
}

export type MetadataWriter = {
  /** Whether the finding was about any waiting row. */
  readonly save: (finding: MetadataFinding, isSameInode: IsSameInode) => boolean
  /** The same for rows in state `again`. A row takes the answer only if the hash is its own. */
  readonly saveAgain: (finding: MetadataFinding, isSameInode: IsSameInode) => boolean
}

export function createMetadataWriter({ sqlite }: FeedDatabase, log: ChangeLog): MetadataWriter {
  const { sameBytes, sameBytesAgain, settle, tell, postpone, show } = prepareStatements(sqlite)

  const saveFound = (rows: readonly CurrentRow[], metadata: FoundMetadata, problem: string | null) => {
    const state: MetadataState = problem === null ? 'ready' : 'failed'
    const { hash, mimeType, isImage, isVideo, width, height, msDuration } = metadata
    for (const row of rows) {
      // No spurious events (I12): the file was read again and is the same.
      const isSilent = isSame(row, metadata) || (problem !== null && isKnownBetter(row, metadata))
      if (isSilent) settle.run(state, problem, row.rowId)
      else {
        const changeId = log.appendAgain(row.nodeId, row.changeId)
        const kinds = [Number(isImage), Number(isVideo)] as const
        show.run(hash, mimeType, ...kinds, width, height, msDuration, state, problem, changeId, row.rowId)
      }
    }
  }
  const rowsOf = (select: typeof sameBytes, { bytes }: MetadataFinding, isSameInode: IsSameInode): CurrentRow[] => {
    const { inode, nodeId, size, mtime, askedMs } = bytes
    return select
      .all(inode, nodeId, size, mtime, askedMs)
      .filter((row) => row.nodeId === nodeId || isSameInode(row.nodeId))
  }
  return {
    save: (finding, isSameInode) => {
      const rows = rowsOf(sameBytes, finding, isSameInode)
      if (finding.kind === 'found') saveFound(rows, finding.metadata, finding.problem)
      else if (finding.kind === 'later') {
        for (const { rowId } of rows) postpone.run(finding.dueMs, rowId)
      } else {
        for (const row of rows) {
          settle.run(finding.kind, finding.problem, row.rowId)
          if (isPending(row)) tell.run(log.appendAgain(row.nodeId, row.changeId), row.rowId)
        }
      }
      return rows.length > 0
    },
    saveAgain: (finding, isSameInode) => {
      const rows = rowsOf(sameBytesAgain, finding, isSameInode)
      if (finding.kind === 'found') {
        const read = rows.filter(({ hash }) => hash === finding.metadata.hash)
        saveFound(read, finding.metadata, finding.problem)
        return read.length > 0
      }
      for (const { rowId } of rows) {
        if (finding.kind === 'later') postpone.run(finding.dueMs, rowId)
        else settle.run(finding.kind, finding.problem, rowId)
      }
      return rows.length > 0
    },
  }
}

/** Plain SQL and rowids: a scan runs two of these for each file that it found, and Drizzle would take half of the time. */
function prepareStatements(sqlite: FeedDatabase['sqlite']) {
  // Selects every name of the inode that still has the size and time of these bytes: hard links share one reading.
  const sameBytesIn = (states: string) =>
    sqlite.prepare<[string, string, number, number, number], CurrentRow>(
      `SELECT rowid AS rowId, node_id AS nodeId, change_id AS changeId, hash, mime_type AS mimeType, is_image AS isImage,
         is_video AS isVideo, width, height, ms_duration AS msDuration, metadata_error AS metadataError
       FROM nodes
       WHERE inode = ? AND device = (SELECT device FROM nodes WHERE node_id = ?) AND size = ?
         -- A row keeps its exact time even if no double holds it. The finding has the nearest double.
         AND CAST(mtime AS REAL) = ? AND metadata_due_ms <= ?
         -- The plus keeps the planner off the index of waiting rows, which it would walk for every single file.
         AND +metadata_state IN (${states})`,
    )
  return {
    sameBytes: sameBytesIn("'fresh', 'backlog'"),
    sameBytesAgain: sameBytesIn("'again'"),
    settle: sqlite.prepare<[MetadataState, string | null, number]>(
      'UPDATE nodes SET metadata_state = ?, metadata_error = ? WHERE rowid = ?',
    ),
    tell: sqlite.prepare<[number, number]>('UPDATE nodes SET change_id = ? WHERE rowid = ?'),
    postpone: sqlite.prepare<[number, number]>('UPDATE nodes SET metadata_due_ms = ? WHERE rowid = ?'),
    show: sqlite.prepare(
      `UPDATE nodes SET hash = ?, mime_type = ?, is_image = ?, is_video = ?, width = ?, height = ?, ms_duration = ?,
         metadata_state = ?, metadata_error = ?, change_id = ? WHERE rowid = ?`,
    ),
  }
}

/** Whether nothing is known yet of a waiting row's bytes, not even that they can't be read. */
function isPending(row: CurrentRow): boolean {
  return row.hash === '' && row.metadataError === null
}

/**
 * If a library fails on bytes that were read before, its former answer is still right: the row gets the error and
 * clients lose nothing. If there was no former answer, what the other libraries say now is more.
 */
function isKnownBetter(row: CurrentRow, found: FoundMetadata): boolean {
  return row.hash === found.hash && !NO_TYPES.includes(row.mimeType)
}

function isSame(row: CurrentRow, found: FoundMetadata): boolean {
  return (
    row.hash === found.hash &&
    row.mimeType === found.mimeType &&
    row.isImage === Number(found.isImage) &&
    row.isVideo === Number(found.isVideo) &&
    row.width === found.width &&
    row.height === found.height &&
    row.msDuration === found.msDuration
  )
}
