/**
 * The owner's word that a root's folder is right as it is, though it is empty or another folder than before; or that a
 * folder is right without the disk that was mounted there. The word is a small file beside the database. A command
 * leaves it and the indexer takes it, so the indexer stays the only writer.
 */
import { readFileSync } from 'node:fs'
import { type FolderIdentity, isSameIdentity } from '@drive-feed/shared/folder-identity.ts'
import { leaveBeside, nodesBeside, pathBeside, removeBeside } from './files-beside.ts'

/**
 * @param nodeId node of the root, or of the top of the disk: the rows that may be removed are below it
 * @param folder the folder that the owner saw at that path. Only this one is accepted, not another one that comes later
 */
export function leaveAcceptance(databasePath: string, nodeId: string, folder: FolderIdentity): void {
  const { deviceNumber, inode, birthTime } = folder
  leaveBeside(pathFor(databasePath, nodeId), JSON.stringify({ deviceNumber, inode, birthTime }))
}

/**
 * Whether the owner accepted this folder for this root. The word holds once: it is removed whatever folder it was
 * about. A word that can't be removed does not count, since it would count again.
 */
export function takeAcceptance(databasePath: string, rootId: string, folder: FolderIdentity): boolean {
  const path = pathFor(databasePath, rootId)
  const accepted = read(path)
  if (accepted === null || !removeBeside(path)) return false
  return isSameIdentity(accepted, folder)
}

/** Removes a word that a root or a disk no longer needs. */
export function dropAcceptance(databasePath: string, rootId: string): void {
  removeBeside(pathFor(databasePath, rootId))
}

/** The ids of the nodes for which a word was left. */
export function acceptances(databasePath: string): Set<string> {
  return nodesBeside(databasePath, 'accept')
}

export function hasAcceptance(databasePath: string, rootId: string): boolean {
  return acceptances(databasePath).has(rootId)
}

function pathFor(databasePath: string, rootId: string): string {
  return pathBeside(databasePath, 'accept', rootId)
}

function read(path: string): FolderIdentity | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as FolderIdentity
  } catch {
    // Usually there is no such file. A file that can't be read or parsed is no word.
    return null
  }
}
