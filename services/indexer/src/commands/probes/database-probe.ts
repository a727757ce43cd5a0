/** Whether the database can be where the config says: permissions, room, and a real file in WAL mode beside it. */
import { accessSync, constants, existsSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { howToMakeWritable, type Remedy } from '@drive-feed/shared/make-writable.ts'
import { openReader } from '@drive-feed/shared/open-database.ts'
import { status } from '@drive-feed/shared/schema.ts'
import Database from 'better-sqlite3'
import { filesystemSigns } from '../../scan/filesystem-signs.ts'

export type DatabaseProbe = {
  /** The first place that this user can't write, and errno's name; null if all can be written. */
  readonly unwritable: { readonly path: string; readonly code: string; readonly remedy: Remedy } | null
  /** Why SQLite's WAL does not work there; null if it does, or was not tried. */
  readonly walProblem: string | null
  readonly filesystem: string
  readonly freeBytes: number
  /** Of the status row; null if the database is not in use, or can't be read. */
  readonly status: IndexerStatus | null
}

export type IndexerStatus = { readonly state: string; readonly heartbeatMs: number; readonly foldersKnown: number }

export function probeDatabase(databasePath: string): DatabaseProbe {
  const folder = dirname(databasePath)
  const unwritable = withRemedy(databasePath, findUnwritable(databasePath))
  const isThere = existsSync(folder)
  const { bavail, bsize } = isThere ? statfsSync(folder) : { bavail: 0, bsize: 0 }
  return {
    unwritable,
    walProblem: unwritable === null ? tryWal(`${databasePath}.probe-${process.pid}`) : null,
    filesystem: isThere ? (filesystemSigns(folder)?.filesystemType ?? '') : '',
    freeBytes: bavail * bsize,
    status: readStatus(databasePath),
  }
}

function withRemedy(databasePath: string, found: Unwritable | null): DatabaseProbe['unwritable'] {
  if (found === null) return null
  const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  return { ...found, remedy: howToMakeWritable(dirname(databasePath), basename(databasePath), user) }
}

type Unwritable = { readonly path: string; readonly code: string }

function findUnwritable(databasePath: string): Unwritable | null {
  const folder = dirname(databasePath)
  const name = basename(databasePath)
  try {
    if (!statSync(folder).isDirectory()) return { path: folder, code: 'ENOTDIR' }
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    return { path: folder, code: (error as NodeJS.ErrnoException).code ?? '' }
  }
  const own = [name, `${name}-wal`, `${name}-shm`, `${name}.lock`]
  for (const path of readdirSync(folder)
    .filter((one) => own.includes(one))
    .map((one) => join(folder, one))) {
    try {
      accessSync(path, constants.R_OK | constants.W_OK)
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT') return { path, code }
    }
  }
  return null
}

/** Makes a small database in WAL mode, whose `-shm` two connections map, and removes it. */
function tryWal(path: string): string | null {
  const connections: Database.Database[] = []
  try {
    const writer = new Database(path)
    connections.push(writer)
    const mode = writer.pragma('journal_mode = WAL', { simple: true })
    if (mode !== 'wal') return `SQLite keeps journal mode ${String(mode)}`
    writer.exec('CREATE TABLE probe (value); INSERT INTO probe VALUES (1)')
    const reader = new Database(path, { readonly: true })
    connections.push(reader)
    const seen = reader.prepare('SELECT value FROM probe').pluck().get()
    return seen === 1 ? null : 'a second connection does not see what the first one wrote'
  } catch (error) {
    return (error as Error).message
  } finally {
    for (const connection of connections.reverse()) connection.close()
    for (const ending of ['', '-wal', '-shm', '-journal']) rmSync(path + ending, { force: true })
  }
}

/** Only of a database that is in use: reading any other one would leave a `-shm` and a `-wal` beside it. */
function readStatus(databasePath: string): IndexerStatus | null {
  if (!existsSync(`${databasePath}-shm`)) return null
  try {
    const { sqlite, orm } = openReader(databasePath)
    try {
      const row = orm.select().from(status).get()
      if (row === undefined) return null
      return { state: row.state, heartbeatMs: row.heartbeatMs, foldersKnown: row.foldersKnown }
    } finally {
      sqlite.close()
    }
  } catch {
    return null
  }
}
