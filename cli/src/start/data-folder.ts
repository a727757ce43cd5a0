/** Whether the services can write where their config, database and logs are, before anything is written. */
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { howToMakeWritable } from '@drive-feed/shared/make-writable.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { CommandError } from '../command.ts'
import { EXIT_UNUSABLE } from '../exit-codes.ts'

/** @throws {CommandError} with what to do */
export function checkDataFolder(data: string, databasePath: string): void {
  const name = basename(databasePath)
  checkFolder(data, name)
  if (dirname(databasePath) !== data) checkFolder(dirname(databasePath), name)
  for (const folder of new Set([data, dirname(databasePath)])) {
    for (const file of namesIn(folder).filter(isWritten))
      check(join(folder, file), constants.R_OK | constants.W_OK, folder, name)
  }
}

/** The files that the services and this program write. */
function isWritten(name: string): boolean {
  return /^(indexer|api)\.log$|\.db(-wal|-shm|\.lock)?$/.test(name)
}

function checkFolder(folder: string, databaseName: string): void {
  let existing = folder
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing)
  if (!statSync(existing).isDirectory()) throw new CommandError(`${shownPath(existing)} is no folder`, EXIT_UNUSABLE)
  check(existing, constants.W_OK | constants.X_OK, folder, databaseName)
}

function check(path: string, mode: number, folder: string, databaseName: string): void {
  try {
    accessSync(path, mode)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return
    throw new CommandError(refusal(path, code ?? '', folder, databaseName), EXIT_UNUSABLE)
  }
}

function refusal(path: string, code: string, folder: string, databaseName: string): string {
  const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  const what = `${shownPath(path)} can't be written by user ${user.uid} (${code})`
  if (code === 'EROFS') return `${what}: its filesystem is read-only; use --data=FOLDER`
  const remedy = howToMakeWritable(folder, databaseName, user)
  return remedy.kind === 'command'
    ? `${what}: ${remedy.command}, or use --data=FOLDER`
    : `${what}: use a folder of its own, with --data=FOLDER`
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
