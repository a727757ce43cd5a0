/** Storing what the metadata workers found, on rows that are still what was read (invariant I6). */

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
  /** When the row was read that sent for them, ms since 1970: a row that was told later to be read is about other bytes. */
  readonly askedMs: number
}

/**
 * - `found`: the metadata of these bytes; `problem` where a library failed on them, so that some of it may be missing. -
 *   `failed`, `unreadable`: nothing is known; the row keeps what it shows, and is told again if it was pending: who leaves
 *   pending files out waits for that row. - `later`: not the file of the row (any more); asked again at `dueMs`.
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

/** Types that say nothing: of bytes that libmagic does not know, and of those that it was not asked for. */
const NO_TYPES: readonly string[] = ['application/octet-stream', '']

/** Whether a node that has the inode number in the database has it on the disk too, as far as is known. */
export type IsSameInode = (nodeId: string) => boolean

type CurrentRow = FoundMetadata & {
  readonly nodeId: string
  readonly changeId: number
  readonly metadataError: string | null
}

export type MetadataWriter = {
  /** Gives whether the finding was about any row that waits. */
  readonly save: (finding: MetadataFinding, isSameInode: IsSameInode) => boolean
  /** The same of rows that were read before, and whose hash is known to be that of these bytes. */
  readonly saveAgain: (finding: MetadataFinding, isSameInode: IsSameInode) => boolean
}

export function createMetadataWriter({ orm }: FeedDatabase, log: ChangeLog): MetadataWriter {
  const { sameBytes, sameBytesAgain, settle, tell, postpone, show } = prepareStatements(orm)

  const saveFound = (rows: readonly CurrentRow[], metadata: FoundMetadata, problem: string | null) => {
    const state: MetadataState = problem === null ? 'ready' : 'failed'
    for (const row of rows) {
      // Silence for nothing (I12): read again, found the same.
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
  // Every name of the inode that still has the size and time of the bytes that were read: hard links share one reading.
  const sameBytesWhere = (condition: SQL) =>
    orm
      .select(currentRow)
      .from(nodes)
      .where(
        and(
          eq(nodes.inode, param('inode')),
          sql`${nodes.device} = (SELECT device FROM nodes WHERE node_id = ${param('nodeId')})`,
          eq(nodes.size, param('size')),
          // A time that a double does not hold is kept whole in the row, and was read as the nearest one.
          sql`CAST(${nodes.mtime} AS REAL) = ${param('mtime')}`,
          lte(nodes.metadataDueMs, param('askedMs')),
          condition,
        ),
      )
      .prepare()
  // The plus keeps the planner off the index of all that waits, which would be walked for every single file.
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

/** Of a row that waits: whether nothing was found of its bytes yet, not even that they can't be read. */
function isPending(row: CurrentRow): boolean {
  return row.hash === '' && row.metadataError === null
}

/**
 * Where a library fails on bytes that were read before, what it said of them then is still right: the row only says that it
 * failed, and clients lose nothing. Where it said nothing then, what the other libraries say is more.
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
