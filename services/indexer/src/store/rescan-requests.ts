/**
 * The owner's wish that a folder is listed anew with all below it: an empty file beside the database, which is there
 * until that is done. A command leaves it and the indexer removes it, so the indexer stays the only writer.
 */
import { leaveBeside, nodesBeside, pathBeside, removeBeside } from './files-beside.ts'

/** @param nodeId node of the folder */
export function leaveRescan(databasePath: string, nodeId: string): void {
  leaveBeside(pathBeside(databasePath, 'rescan', nodeId), '')
}

/** The ids of the folders that are to be listed anew. */
export function rescanRequests(databasePath: string): Set<string> {
  return nodesBeside(databasePath, 'rescan')
}

/** False if the file is not there, or can't be removed. */
export function dropRescan(databasePath: string, nodeId: string): boolean {
  return removeBeside(pathBeside(databasePath, 'rescan', nodeId))
}
