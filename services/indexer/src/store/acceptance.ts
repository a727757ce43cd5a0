/**
 * The owner's word that a root's folder is right as it is, though it is empty or another folder than before; or that a
 * folder is right without the disk that was mounted there. The word is a small file beside the database. A command
 * leaves it and the indexer takes it, so the indexer stays the only writer.
 */
import { readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type FolderIdentity, isSameIdentity } from '@drive-feed/shared/folder-identity.ts'

/**
 * @param nodeId node of the root, or of the top of the disk: the rows that may be removed are below it
 * @param folder the folder that the owner saw at that path. Only this one is accepted, not another one that comes later
 */
export function leaveAcceptance(databasePath: string, nodeId: string, folder: FolderIdentity): void {
  const { deviceNumber, inode, birthTime } = folder
  const path = pathFor(databasePath, nodeId)
  writeFileSync(`${path}.new`, JSON.stringify({ deviceNumber, inode, birthTime }))
  // A rename is atomic: the indexer may look at any moment, and sees the whole file or none.
  renameSync(`${path}.new`, path)
}

/**
 * Whether the owner accepted this folder for this root. The word holds once: it is removed whatever folder it was
 * about. A word that can't be removed does not count, since it would count again.
 */
export function takeAcceptance(databasePath: string, rootId: string, folder: FolderIdentity): boolean {
  const path = pathFor(databasePath, rootId)
  const accepted = read(path)
  if (accepted === null || !remove(path)) return false
  return isSameIdentity(accepted, folder)
}

/** Removes a word that a root or a disk no longer needs. */
export function dropAcceptance(databasePath: string, rootId: string): void {
  remove(pathFor(databasePath, rootId))
}

/** The ids of the nodes for which a word was left. */
export function acceptances(databasePath: string): Set<string> {
  const begin = basename(pathFor(databasePath, ''))
  try {
    const names = readdirSync(dirname(databasePath)).filter((name) => name.startsWith(begin) && !name.endsWith('.new'))
    return new Set(names.map((name) => name.slice(begin.length)))
  } catch {
    // The database's folder is away, which `persistence.ts` reports.
    return new Set()
  }
}

export function hasAcceptance(databasePath: string, rootId: string): boolean {
  const path = pathFor(databasePath, rootId)
  return readdirSync(dirname(path)).includes(basename(path))
}

function pathFor(databasePath: string, rootId: string): string {
  return join(dirname(databasePath), `${basename(databasePath)}.accept-${rootId}`)
}

function read(path: string): FolderIdentity | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as FolderIdentity
  } catch {
    // Usually there is no such file. A file that can't be read or parsed is no word.
    return null
  }
}

function remove(path: string): boolean {
  try {
    unlinkSync(path)
    return true
  } catch {
    return false
  }
}
