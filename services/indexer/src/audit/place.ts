/** Compares one place: the disk beside the database. The audit shares no code with what it checks. */
import type { FileStats } from '@drive-feed/shared/file-stats.ts'
import type { MetadataState } from '@drive-feed/shared/schema.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'

/** A row of `nodes`, with its device's number of now. */
export type AuditRow = {
  readonly nodeId: string
  readonly parentId: string
  /** The name on disk, see `entry-name.ts`. */
  readonly name: string
  readonly isDirectory: boolean
  /** False if its id can't come from its device and inode. */
  readonly hasRightId: boolean
  /** Whether inode numbers of its filesystem last, see the glossary. */
  readonly hasLastingInode: boolean
  readonly device: string
  readonly deviceNumber: string
  readonly inode: string
  readonly size: number
  readonly mtime: number
  readonly hash: string
  readonly metadataState: MetadataState
  readonly metadataError: string | null
}

/** What is on the disk: null for nothing, and for what is never listed (symbolic links, FIFOs, sockets, devices). */
export type OnDisk = FileStats

/** What differs, in words; null if nothing does. `hash`: MD5 of the bytes if they were read. */
export function difference(row: AuditRow | undefined, disk: OnDisk | null, hash?: string): string | null {
  if (row === undefined) return disk === null ? null : `${kindOf(isFolder(disk))} on the disk, not in the database`
  if (disk === null) return `${kindOf(row.isDirectory)} in the database, not on the disk`
  if (row.isDirectory !== isFolder(disk)) {
    return `${kindOf(isFolder(disk))} on the disk, ${kindOf(row.isDirectory)} in the database`
  }
  const parts = [
    differs('device', String(disk.device), row.deviceNumber),
    // Otherwise the row's number may be from an earlier mount, and its id is made of the first number.
    row.hasLastingInode ? differs('inode', String(disk.inode), row.inode) : null,
    row.isDirectory ? null : differs('size', disk.size, row.size),
    row.isDirectory ? null : differs('mtime in µs', disk.mtime, row.mtime),
    row.hasRightId || !row.hasLastingInode ? null : `its id ${row.nodeId} is not made of its device and inode`,
    row.isDirectory ? null : hashProblem(row, hash),
  ].filter((part) => part !== null)
  return parts.length === 0 ? null : parts.join('; ')
}

/** Whether its file is still to be read. The database says so itself, so a missing hash is no difference. */
export function isWaiting(row: AuditRow): boolean {
  return row.metadataState === 'fresh' || row.metadataState === 'backlog'
}

/** Whether the row has a hash to compare with the bytes. */
export function isRead(row: AuditRow): boolean {
  return !isWaiting(row) && row.hash !== ''
}

function isFolder({ kind }: OnDisk): boolean {
  return kind === 'folder'
}

function kindOf(isDirectory: boolean): string {
  return isDirectory ? 'a folder' : 'a file'
}

function differs(what: string, disk: string | number, known: string | number): string | null {
  return disk === known ? null : `${what} ${disk} on the disk, ${known} in the database`
}

function hashProblem(row: AuditRow, hash: string | undefined): string | null {
  if (isWaiting(row)) return null
  // Not read, since the owner set `skip_initial_hash`.
  if (row.hash === '' && row.metadataState === 'skipped') return null
  if (row.hash === '') return `it has no hash: ${shownText(row.metadataError ?? 'and nobody is going to read it')}`
  return hash === undefined ? null : differs('MD5', hash, row.hash)
}
