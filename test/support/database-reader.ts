/**
 * A process that opens a database for reading whenever it is asked, as another program would: in one process all of
 * SQLite's connections to a file share its state. Run as a program, it is that process.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import type { Cleaner } from './cleaner.ts'

/** What the query gives, as text; `damaged` if `integrity_check` finds a fault; null if the file can't be opened. */
export type Reading = string | null

/** A connection that stays open: idle, or in the read transaction of its first read. */
export type Keeping = 'idle' | 'in a transaction'

type Question = { readonly path: string; readonly query: string; readonly keeps: Keeping | null }

export type DatabaseReader = {
  readonly read: (path: string, query: string) => Promise<Reading>
  /** Reads by a connection that then stays open. */
  readonly keep: (path: string, query: string, how: Keeping) => Promise<Reading>
  /** Reads once more by the connection that was kept, and closes it. */
  readonly letGo: (query: string) => Promise<Reading>
}

export function startDatabaseReader(t: Cleaner): DatabaseReader {
  const child: ChildProcess = fork(fileURLToPath(import.meta.url))
  t.after(() => void child.kill('SIGKILL'))
  const ask = (question: Question) =>
    new Promise<Reading>((resolve) => {
      child.once('message', (answer) => resolve((answer as { readonly reading: Reading }).reading))
      child.send(question)
    })
  return {
    read: (path, query) => ask({ path, query, keeps: null }),
    keep: (path, query, keeps) => ask({ path, query, keeps }),
    letGo: (query) => ask({ path: '', query, keeps: null }),
  }
}

let kept: Database.Database | null = null

function answer({ path, query, keeps }: Question): Reading {
  let sqlite: Database.Database | null = path === '' ? kept : null
  try {
    sqlite ??= new Database(path, { readonly: true, fileMustExist: true })
    if (keeps === 'in a transaction') sqlite.exec('BEGIN')
    const found = sqlite.prepare(query).pluck().all().map(String).join(', ')
    return sqlite.pragma('integrity_check(1)', { simple: true }) === 'ok' ? found : 'damaged'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'SQLITE_CORRUPT' ? 'damaged' : null
  } finally {
    if (keeps === null) sqlite?.close()
    else kept = sqlite
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.on('message', (question: Question) => process.send?.({ reading: answer(question) }))
}
