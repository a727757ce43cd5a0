/** The audit's queries. Each is a short read of its own, since the indexer may write at the same time. */
import { displayName, nameFromColumns } from '@drive-feed/shared/entry-name.ts'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { SUPER_ROOT_ID, type WatchRootRow } from '@drive-feed/shared/schema.ts'
import type { AuditRow } from './place.ts'

export type AuditRows = {
  readonly roots: () => Pick<WatchRootRow, 'name' | 'nodeId' | 'path' | 'state' | 'stateSinceMs' | 'message'>[]
  readonly root: (name: string) => AuditRow | undefined
  readonly children: (parentId: string) => AuditRow[]
  readonly childAt: (parentId: string, name: string) => AuditRow | undefined
  /** How many nodes: this one and all below it. */
  readonly countFrom: (nodeId: string) => number
  /** Whether `device` may be away while `parent` is there: it is neither a subvolume nor in memory. */
  readonly mayBeUnmounted: (device: string, parent: string) => boolean
  /** The paths of all folders with this inode. */
  readonly pathsOfFolder: (inode: string) => string[]
}

type Columns = Omit<AuditRow, 'isDirectory' | 'name' | 'hasRightId' | 'hasLastingInode'> & {
  name: string
  rawName: Buffer | null
  isDirectory: 0 | 1
  hasLastingInode: 0 | 1
}

type Filesystem = { type: string; half: string; source: string; root: string }

const SELECT = `
  SELECT node_id AS nodeId, coalesce(parent_id, '') AS parentId, name, raw_name AS rawName, is_directory AS isDirectory,
         nodes.device, coalesce(devices.current_number, nodes.device) AS deviceNumber, inode, size, mtime, hash,
         coalesce(devices.numbers_last, 1) AS hasLastingInode,
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
  const countFrom = sqlite
    .prepare<[string], number>(
      `WITH RECURSIVE below (node_id) AS (
         VALUES (?) UNION ALL SELECT nodes.node_id FROM below JOIN nodes ON nodes.parent_id = below.node_id
       ) SELECT count(*) FROM below`,
    )
    .pluck()
  const filesystem = sqlite.prepare<[string], Filesystem>(
    `SELECT filesystem_type AS type, substr(filesystem_id, -8) AS half, mount_source AS source, mount_root AS root
     FROM devices WHERE device = ?`,
  )
  const isGiven = (nodeId: string, plain: string) => nodeId === plain || everGiven.get({ nodeId: plain }) === 1
  const toRow = ({ name, rawName, isDirectory, hasLastingInode, ...rest }: Columns): AuditRow => {
    const { nodeId, device, inode } = rest
    // The id of a further hard link, or of a node whose plain id another one has or had, is made of the place where it
    // was first seen. The audit can't know that place.
    const hasRightId = isDirectory === 0 || isGiven(nodeId, plainNodeId(device, inode))
    const flags = { isDirectory: isDirectory === 1, hasRightId, hasLastingInode: hasLastingInode === 1 }
    return { ...rest, name: nameFromColumns(name, rawName), ...flags }
  }
  const childAt = (parentId: string, name: string) => atPlace.all(parentId, displayName(name)).map(toRow)[0]
  const foldersOf = sqlite.prepare<[string], Columns>(`${SELECT} WHERE inode = ? AND is_directory`)
  const byId = sqlite.prepare<[string], Columns>(`${SELECT} WHERE node_id = ?`)
  const pathOf = (row: AuditRow): string => {
    const names: string[] = []
    let at: AuditRow | undefined = row
    while (at !== undefined && at.parentId !== SUPER_ROOT_ID) {
      names.push(at.name)
      at = byId.all(at.parentId).map(toRow)[0]
    }
    const top = roots.all().find((root) => root.nodeId === at?.nodeId)?.path ?? ''
    return [top.replace(/\/$/, ''), ...names.reverse()].join('/')
  }
  return {
    pathsOfFolder: (inode) => foldersOf.all(inode).map(toRow).map(pathOf),
    roots: () => roots.all(),
    root: (name) => childAt(SUPER_ROOT_ID, name),
    children: (parentId) => children.all(parentId).map(toRow),
    childAt,
    countFrom: (nodeId) => countFrom.get(nodeId) ?? 0,
    mayBeUnmounted: (device, parent) => {
      if (device === '' || device === parent) return false
      const [own, above] = [filesystem.get(device), filesystem.get(parent)]
      // A filesystem in memory is gone with its mount, and a subvolume is deleted and not unmounted.
      return !IN_MEMORY.includes(own?.type ?? '') && !areSubvolumes(own, above)
    },
  }
}

const IN_MEMORY = ['tmpfs', 'ramfs']

/** Whether both are subvolumes of one btrfs: those have half of their filesystem id in common. */
function areSubvolumes(one: Filesystem | undefined, other: Filesystem | undefined): boolean {
  if (one?.type !== 'btrfs' || one.half === '') return false
  return one.half === other?.half && one.source === other.source && one.root === other.root
}
