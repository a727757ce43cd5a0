/**
 * The watched roots and how each is doing. A root that is away is not an empty root (invariant I7): while its folder is
 * missing, replaced or suddenly empty its nodes stay, and it heals by itself when the folder is back.
 */
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import { type RootState, SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { FolderSight } from '../scan/sight.ts'
import type { Folder, RootFolder } from '../watch/tree.ts'

export type Root = {
  readonly key: string
  readonly path: string
  state: RootState
  stateSinceMs: number
  message: string | null
  /** Whether it is offline because it was found empty; then it is back when it is no longer so. */
  isEmptied: boolean
  /** Its place in the tree, from when it was first found. */
  folder: Folder | null
  /** Made with `folder`; the inotify instance stays the same while the root is away. */
  top: RootFolder | null
  /** Type of its filesystem, as in /proc/self/mountinfo. */
  filesystemType: string
  /** Whether a scan was asked for while one was under way. */
  scanAgain: boolean
  /** Folders the kernel gave no watch for. */
  readonly unwatched: Set<Folder>
  /** Whether it was `max_user_watches` that kept the kernel from watching them. */
  isWatchLimit: boolean
  nextRescanMs: number
  scanStartedMs: number
}

export function createRoot(watch: { readonly name: string; readonly path: string }, nowMs: number): Root {
  return {
    key: watch.name,
    path: watch.path,
    state: 'starting',
    stateSinceMs: Math.floor(nowMs),
    message: null,
    isEmptied: false,
    folder: null,
    top: null,
    filesystemType: '',
    scanAgain: false,
    unwatched: new Set(),
    isWatchLimit: false,
    nextRescanMs: Number.POSITIVE_INFINITY,
    scanStartedMs: 0,
  }
}

/** What the database says of the root's folder when it was last there. */
export type KnownRoot = {
  readonly nodeId: string
  readonly device: string
  readonly inode: string
  readonly path: string
}

/**
 * Whether a folder found at a root's path is the root. Another folder at the path that was configured before is a mount
 * that is missing; another folder at another path is what the owner asked for.
 */
export function isSameRoot(known: KnownRoot | null, path: string, found: { device: string; inode: string }): boolean {
  if (known === null) return true
  // The original program kept neither path nor inode. Its root may have had another device number; that the folder is
  // not empty has to do.
  if (known.device === '') return true
  if (known.path !== path) return true
  return known.device === found.device && known.inode === found.inode
}

/** Node id of a root folder found: the plain one, always; a root has no second name. */
export function rootNode(found: { device: string }, sight: FolderSight) {
  const { inode, birthTime, mtime, ctime } = sight
  const nodeId = plainNodeId(found.device, inode)
  return { nodeId, parentId: SUPER_ROOT_ID, facts: { device: found.device, inode, birthTime, size: 0, mtime, ctime } }
}

/** Filesystems whose other writers the kernel knows nothing of: events come only for changes made through this mount. */
export function isSharedFilesystem(filesystemType: string): boolean {
  return /^(nfs4?|cifs|smb3|smbfs|9p|ceph|glusterfs|afs|virtiofs|fuse(\..*)?|fuseblk)$/.test(filesystemType)
}

export function emptyMessage(root: Root): string {
  return `${root.path} is suddenly empty, as when a disk is not mounted; mount it, its nodes are kept until then. \
If it was emptied on purpose, put any file into it, or give the watch another name in the config`
}
