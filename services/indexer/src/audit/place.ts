/** One place: what is on the disk there beside what the database says of it. Written anew, not shared with what it checks. */
import type { FileStats } from '@drive-feed/shared/file-stats.ts'
import type { MetadataState } from '@drive-feed/shared/schema.ts'

/** A row of `nodes`, with the number that its device has now. */
export type AuditRow = {
  readonly nodeId: string
  readonly parentId: string
  /** The name on disk, see `entry-name.ts`. */
  readonly name: string
  readonly isDirectory: boolean
  /** False where its id can't be the one that its device and inode give. */
  readonly hasRightId: boolean
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

/** What differs, in words; null if nothing does. `hash`: MD5 of the bytes where they were read. */
export function difference(row: AuditRow | undefined, disk: OnDisk | null, hash?: string): string | null {
  if (row === undefined) return disk === null ? null : `${kindOf(isFolder(disk))} on the disk, not in the database`
  if (disk === null) return `${kindOf(row.isDirectory)} in the database, not on the disk`
  if (row.isDirectory !== isFolder(disk)) {
    return `${kindOf(isFolder(disk))} on the disk, ${kindOf(row.isDirectory)} in the database`
  }
  const parts = [
    differs('device', String(disk.device), row.deviceNumber),
    differs('inode', String(disk.inode), row.inode),
    row.isDirectory ? null : differs('size', disk.size, row.size),
    row.isDirectory ? null : differs('mtime in µs', disk.mtime, row.mtime),
    row.hasRightId ? null : `its id ${row.nodeId} is not made of its device and inode`,
    row.isDirectory ? null : hashProblem(row, hash),
  ].filter((part) => part !== null)
  return parts.length === 0 ? null : parts.join('; ')
}

/** A file whose bytes are still to be read: the database says so itself, and it is no difference. */
export function isWaiting(row: AuditRow): boolean {
  return row.metadataState === 'fresh' || row.metadataState === 'backlog'
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
  if (isWaiting(row) || row.metadataState === 'skipped') return null
  if (row.hash === '') return `it has no hash: ${row.metadataError ?? 'and nobody is going to read it'}`
  return hash === undefined ? null : differs('MD5', hash, row.hash)
}
