/** Stores what the metadata workers found, in rows that still are about the bytes that were read (I6). */

import { and, eq, lte, sql } from '@drive-feed/shared/drizzle.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { type MetadataState, nodes } from '@drive-feed/shared/schema.ts'
import type { SQL } from 'drizzle-orm'
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

type CurrentRow = FoundMetadata & {
  readonly nodeId: string
  readonly changeId: number
  readonly metadataError: string | null
}

export type MetadataWriter = {
  /** Whether the finding was about any waiting row. */
  readonly save: (finding: MetadataFinding, isSameInode: IsSameInode) => boolean
  /** The same for rows in state `again`. A row takes the answer only if the hash is its own. */
  readonly saveAgain: (finding: MetadataFinding, isSameInode: IsSameInode) => boolean
}

export function createMetadataWriter({ orm }: FeedDatabase, log: ChangeLog): MetadataWriter {
  const { sameBytes, sameBytesAgain, settle, tell, postpone, show } = prepareStatements(orm)

  const saveFound = (rows: readonly CurrentRow[], metadata: FoundMetadata, problem: string | null) => {
    const state: MetadataState = problem === null ? 'ready' : 'failed'
    for (const row of rows) {
      // No spurious events (I12): the file was read again and is the same.
      const isSilent = isSame(row, metadata) || (problem !== null && isKnownBetter(row, metadata))
      if (isSilent) settle.run({ nodeId: row.nodeId, state, problem })
      else {
        const changeId = log.appendAgain(row.nodeId, row.changeId)
        show.run({
          ...metadata,
          isImage: Number(metadata.isImage),
          isVideo: Number(metadata.isVideo),
          nodeId: row.nodeId,
          state,
          problem,
          changeId,
        })
      }
    }
  }
  const rowsOf = (select: typeof sameBytes, { bytes }: MetadataFinding, isSameInode: IsSameInode): CurrentRow[] =>
    select.all(bytes).filter((row) => row.nodeId === bytes.nodeId || isSameInode(row.nodeId))
  return {
    save: (finding, isSameInode) => {
      const rows = rowsOf(sameBytes, finding, isSameInode)
      if (finding.kind === 'found') saveFound(rows, finding.metadata, finding.problem)
      else if (finding.kind === 'later') {
        for (const row of rows) postpone.run({ nodeId: row.nodeId, dueMs: finding.dueMs })
      } else {
        for (const row of rows) {
          settle.run({ nodeId: row.nodeId, state: finding.kind, problem: finding.problem })
          if (isPending(row)) tell.run({ nodeId: row.nodeId, changeId: log.appendAgain(row.nodeId, row.changeId) })
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
      for (const row of rows) {
        if (finding.kind === 'later') postpone.run({ nodeId: row.nodeId, dueMs: finding.dueMs })
        else settle.run({ nodeId: row.nodeId, state: finding.kind, problem: finding.problem })
      }
      return rows.length > 0
    },
  }
}

const currentRow = {
  nodeId: nodes.nodeId,
  changeId: nodes.changeId,
  hash: nodes.hash,
  mimeType: nodes.mimeType,
  isImage: nodes.isImage,
  isVideo: nodes.isVideo,
  width: nodes.width,
  height: nodes.height,
  msDuration: nodes.msDuration,
  metadataError: nodes.metadataError,
}

function prepareStatements(orm: FeedDatabase['orm']) {
  const param = sql.placeholder
  const set = (name: string) => sql`${param(name)}`
  // Selects every name of the inode that still has the size and time of these bytes: hard links share one reading.
  const sameBytesWhere = (condition: SQL) =>
    orm
      .select(currentRow)
      .from(nodes)
      .where(
        and(
          eq(nodes.inode, param('inode')),
          sql`${nodes.device} = (SELECT device FROM nodes WHERE node_id = ${param('nodeId')})`,
          eq(nodes.size, param('size')),
          // A row keeps its exact time even if no double holds it. The finding has the nearest double.
          sql`CAST(${nodes.mtime} AS REAL) = ${param('mtime')}`,
          lte(nodes.metadataDueMs, param('askedMs')),
          condition,
        ),
      )
      .prepare()
  // The plus keeps the planner off the index of waiting rows, which it would walk for every single file.
  const sameBytes = sameBytesWhere(sql`+${nodes.metadataState} IN ('fresh', 'backlog')`)
  const sameBytesAgain = sameBytesWhere(sql`+${nodes.metadataState} = 'again'`)
  const thisNode = eq(nodes.nodeId, param('nodeId'))
  const settle = orm
    .update(nodes)
    .set({ metadataState: set('state'), metadataError: set('problem') })
    .where(thisNode)
    .prepare()
  const tell = orm
    .update(nodes)
    .set({ changeId: set('changeId') })
    .where(thisNode)
    .prepare()
  const postpone = orm
    .update(nodes)
    .set({ metadataDueMs: set('dueMs') })
    .where(thisNode)
    .prepare()
  const show = orm
    .update(nodes)
    .set({
      hash: set('hash'),
      mimeType: set('mimeType'),
      isImage: set('isImage'),
      isVideo: set('isVideo'),
      width: set('width'),
      height: set('height'),
      msDuration: set('msDuration'),
      metadataState: set('state'),
      metadataError: set('problem'),
      changeId: set('changeId'),
    })
    .where(thisNode)
    .prepare()
  return { sameBytes, sameBytesAgain, settle, tell, postpone, show }
}

/** Whether nothing is known yet of a waiting row's bytes, not even that they can't be read. */
function isPending(row: CurrentRow): boolean {
  return row.hash === '' && row.metadataError === null
}

/**
 * If a library fails on bytes that were read before, its former answer is still right: the row gets the error and
 * clients lose nothing. If there was no former answer, what the other libraries say now is more.
 */
function isKnownBetter(row: FoundMetadata, found: FoundMetadata): boolean {
  return row.hash === found.hash && !NO_TYPES.includes(row.mimeType)
}

function isSame(row: FoundMetadata, found: FoundMetadata): boolean {
  return (
    row.hash === found.hash &&
    row.mimeType === found.mimeType &&
    row.isImage === found.isImage &&
    row.isVideo === found.isVideo &&
    row.width === found.width &&
    row.height === found.height &&
    row.msDuration === found.msDuration
  )
}
