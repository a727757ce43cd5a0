/** What the audit asks of the database, each a short read of its own: the indexer may be writing meanwhile. */
import { nameFromColumns } from '@drive-feed/shared/entry-name.ts'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { SUPER_ROOT_ID, type WatchRootRow } from '@drive-feed/shared/schema.ts'
import type { AuditRow } from './place.ts'

export type AuditRows = {
  readonly roots: () => Pick<WatchRootRow, 'name' | 'nodeId' | 'path' | 'state' | 'stateSinceMs' | 'message'>[]
  readonly root: (name: string) => AuditRow | undefined
  readonly children: (parentId: string) => AuditRow[]
  readonly childAt: (parentId: string, name: string) => AuditRow | undefined
  /** The paths of all folders with this inode, as text of their names, below a root. */
  readonly pathsOfFolder: (inode: string) => string[]
}

type Columns = Omit<AuditRow, 'isDirectory' | 'name' | 'hasRightId'> & {
  name: string
  rawName: Buffer | null
  isDirectory: 0 | 1
}

const SELECT = `
  SELECT node_id AS nodeId, coalesce(parent_id, '') AS parentId, name, raw_name AS rawName, is_directory AS isDirectory,
         nodes.device, coalesce(devices.current_number, nodes.device) AS deviceNumber, inode, size, mtime, hash,
         metadata_state AS metadataState, metadata_error AS metadataError
  FROM nodes LEFT JOIN devices ON devices.device = nodes.device`

export function createAuditRows({ sqlite }: Pick<FeedDatabase, 'sqlite'>): AuditRows {
  const children = sqlite.prepare<[string], Columns>(`${SELECT} WHERE parent_id = ?`)
  const atPlace = sqlite.prepare<[string, string], Columns>(`${SELECT} WHERE parent_id = ? AND name = ?`)
  const roots = sqlite.prepare<[], ReturnType<AuditRows['roots']>[number]>(
    'SELECT name, node_id AS nodeId, path, state, state_since_ms AS stateSinceMs, message FROM watch_roots ORDER BY name',
  )
  const everGiven = sqlite
    .prepare<{ nodeId: string }, 0 | 1>(
      `SELECT EXISTS (SELECT 1 FROM nodes WHERE node_id = :nodeId)
           OR EXISTS (SELECT 1 FROM changes WHERE node_id = :nodeId AND is_removed)`,
    )
    .pluck()
  const isGiven = (nodeId: string, plain: string) => nodeId === plain || everGiven.get({ nodeId: plain }) === 1
  const toRow = ({ name, rawName, isDirectory, ...rest }: Columns): AuditRow => {
    const { nodeId, device, inode } = rest
    // Of a file that is or was a hard link, and where another node has or had the plain id, the id is made of the place
    // where it was first seen: that can't be told from here.
    const hasRightId = isDirectory === 0 || isGiven(nodeId, plainNodeId(device, inode))
    return { ...rest, name: nameFromColumns(name, rawName), isDirectory: isDirectory === 1, hasRightId }
  }
  const childAt = (parentId: string, name: string) =>
    atPlace
      .all(parentId, name.toWellFormed())
      .map(toRow)
      .find((row) => row.name === name)
  const foldersOf = sqlite.prepare<[string], Columns>(`${SELECT} WHERE inode = ? AND is_directory`)
  const byId = sqlite.prepare<[string], Columns>(`${SELECT} WHERE node_id = ?`)
  const pathOf = ({ nodeId, parentId, name }: AuditRow): string => {
    if (parentId === SUPER_ROOT_ID) return roots.all().find((root) => root.nodeId === nodeId)?.path ?? ''
    const [above] = byId.all(parentId).map(toRow)
    return above === undefined ? '' : `${pathOf(above).replace(/\/$/, '')}/${name}`
  }
  return {
    pathsOfFolder: (inode) => foldersOf.all(inode).map(toRow).map(pathOf),
    roots: () => roots.all(),
    root: (name) => childAt(SUPER_ROOT_ID, name),
    children: (parentId) => children.all(parentId).map(toRow),
    childAt,
  }
}
