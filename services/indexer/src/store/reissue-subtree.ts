/**
 * Re-issues what is in a folder that moved, so that in the order of `change_id` every node comes after its parent (I3).
 * The paths of all that is below have changed, though their rows have not.
 */
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import type { ChangeLog } from './change-log.ts'

/** Gives a folder and all folders below it, breadth first. Proportional to folders, not to files (I9). */
export function createFoldersFrom(sqlite: FeedDatabase['sqlite']): (nodeId: string) => string[] {
  const childFolders = sqlite.prepare<[string], string>(
    'SELECT node_id FROM nodes WHERE parent_id = ? AND is_directory',
  )
  childFolders.pluck()
  return (nodeId) => {
    const folders = [nodeId]
    // One by one: a folder may hold more than a call takes arguments.
    for (const folder of folders) for (const child of childFolders.all(folder)) folders.push(child)
    return folders
  }
}

/** Takes the folder that moved, whose own row comes first, and all folders below it, breadth first. */
export function createReissue({
  reissueChildren,
}: Pick<ChangeLog, 'reissueChildren'>): (folders: readonly string[]) => void {
  return (folders) => folders.forEach(reissueChildren)
}
