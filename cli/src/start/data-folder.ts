/** Whether the services can write where their config, database and logs are, before anything is written. */
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { shellWord } from '@drive-feed/shared/shell-word.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { CommandError } from '../command.ts'
import { EXIT_UNUSABLE } from '../exit-codes.ts'

/** @throws {CommandError} with what to do */
export function checkDataFolder(data: string, databasePath: string): void {
  checkFolder(data)
  if (dirname(databasePath) !== data) checkFolder(dirname(databasePath))
  for (const folder of new Set([data, dirname(databasePath)])) {
    for (const name of namesIn(folder).filter(isWritten))
      check(join(folder, name), constants.R_OK | constants.W_OK, folder)
  }
}

/** The files that the services and this program write. */
function isWritten(name: string): boolean {
  return /^(indexer|api)\.log$|\.db(-wal|-shm|\.lock)?$/.test(name)
}

function checkFolder(folder: string): void {
  let existing = folder
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing)
  if (!statSync(existing).isDirectory()) throw new CommandError(`${shownPath(existing)} is no folder`, EXIT_UNUSABLE)
  check(existing, constants.W_OK | constants.X_OK, existing)
}

function check(path: string, mode: number, folder: string): void {
  try {
    accessSync(path, mode)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return
    throw new CommandError(refusal(path, code ?? '', folder), EXIT_UNUSABLE)
  }
}

function refusal(path: string, code: string, folder: string): string {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  const remedy =
    code === 'EROFS'
      ? 'its filesystem is read-only; use --data=FOLDER'
      : `sudo chown -R ${uid}:${gid} ${shellWord(folder)}, or use --data=FOLDER`
  return `${shownPath(path)} can't be written by user ${uid} (${code}): ${remedy}`
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
