/**
 * The owner's word that a root's folder is meant as it is, though it is empty or another one than before; or what is where
 * a disk was mounted inside a root and is away. It is a small file beside the database, so that the indexer stays the only
 * writer: a command leaves it, the indexer takes it.
 */
import { readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type FolderIdentity, isSameIdentity } from '@drive-feed/shared/folder-identity.ts'

/**
 * @param nodeId node of the root, or of the disk, as it is known: what is below it is what may be removed
 * @param folder what the owner saw at its path: only that is accepted, not what may be there later
 */
export function leaveAcceptance(databasePath: string, nodeId: string, folder: FolderIdentity): void {
  const { deviceNumber, inode, birthTime } = folder
  const path = pathFor(databasePath, nodeId)
  writeFileSync(`${path}.new`, JSON.stringify({ deviceNumber, inode, birthTime }))
  // The indexer may look at any moment, and sees all of it or nothing.
  renameSync(`${path}.new`, path)
}

/**
 * Whether this folder was accepted for this root. The word holds once, and whatever it was about: it is gone afterwards.
 * It does not count when it can't be removed, since it would hold again.
 */
export function takeAcceptance(databasePath: string, rootId: string, folder: FolderIdentity): boolean {
  const path = pathFor(databasePath, rootId)
  const accepted = read(path)
  if (accepted === null || !remove(path)) return false
  return isSameIdentity(accepted, folder)
}

/** Takes back what was left for a root or a disk, which needs it no longer. */
export function dropAcceptance(databasePath: string, rootId: string): void {
  remove(pathFor(databasePath, rootId))
}

/** The nodes for which a word was left. */
export function acceptances(databasePath: string): Set<string> {
  const begin = basename(pathFor(databasePath, ''))
  try {
    const names = readdirSync(dirname(databasePath)).filter((name) => name.startsWith(begin) && !name.endsWith('.new'))
    return new Set(names.map((name) => name.slice(begin.length)))
  } catch {
    // The database's folder is away, and that is told elsewhere.
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
    // Not there nearly always; whatever else it is, it is nobody's word.
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
