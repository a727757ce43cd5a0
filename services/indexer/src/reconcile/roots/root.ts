/**
 * A watched root and how it is doing. A root that is away is not an empty root (invariant I7): while its folder is missing,
 * replaced or suddenly empty its nodes stay, and it heals by itself when the folder is back.
 */
import type { ConfiguredWatch } from '@drive-feed/shared/config/watches.ts'
import type { ProblemText } from '@drive-feed/shared/problem.ts'
import type { Folder, RootFolder } from '../../model/folder-tree.ts'
import { isSameBirth } from '../../model/observation.ts'

/** Why a root is offline. */
export type RootAway = ProblemText & { readonly code: 'root_offline' | 'root_replaced' | 'root_empty' }

/**
 * A disk that was mounted inside a root and is not there now. `sinceMs`: ms since 1970. `isSinceStart`: it was away before
 * this run, and nobody knows since when.
 */
export type DiskAway = {
  readonly nodeId: string
  readonly folder: Folder
  readonly name: string
  readonly sinceMs: number
  readonly isSinceStart: boolean
}

/** A problem, and since when there is one, ms since 1970. */
export type ProblemSince = ProblemText & { readonly sinceMs: number }

/** `what`: the folder itself, or something in it. */
export type Unreadable = { readonly what: 'folder' | 'entry'; readonly problem: string }

/**
 * What the indexer is doing about a root.
 * - `starting`: nobody has looked for its folder since the start.
 * - `offline`: its folder is missing, unreadable, replaced or suddenly empty. `mustList`: a listing found it empty, so only
 *   another listing can say that it is back.
 * - `scanning`: it is being compared with the disk. `isFirst`: for the first time since it was attached.
 * - `watching`: it was compared with the disk to its last folder. `nextRescanMs`: when it is again, by the clock that never
 *   jumps.
 */
export type LiveState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'offline'; readonly away: RootAway; readonly mustList: boolean }
  | { readonly kind: 'scanning'; readonly startedMs: number; readonly isFirst: boolean }
  | { readonly kind: 'watching'; readonly nextRescanMs: number }

/** What of a root that is there nobody sees, and why. Each field names the file that writes it; `watch-messages.ts` reads all. */
export type Gaps = {
  /** Folders that the kernel gave no watch for. (`unwatched.ts`) */
  readonly unwatched: Set<Folder>
  /** Whether `max_user_watches` kept the kernel from watching them. (`unwatched.ts`) */
  isWatchLimit: boolean
  /** Why the root has no inotify instance; null while it has one. (`open-instance.ts`) */
  noInstance: ProblemText | null
  /** Folders that could not be read, or not all that is in them. (`unreadable.ts`) */
  readonly unreadable: Map<Folder, Unreadable>
  /** Paths of folders in which files of ours were left out. (`own-paths.ts`) */
  readonly ownPaths: Set<string>
  /** What to say of each disk inside the root that is away; null when there is nothing to say any more. (`disks-away.ts`) */
  readonly disksAway: Map<string, () => ProblemSince | null>
  /** What to say of places that could not be settled for long; null if there are none. (`failing-places.ts`) */
  failing: ProblemSince | null
}

/** `state`, `stateSinceMs`, `message` and `wasScanned` make the root's row in `watch_roots`: `roots.ts` alone sets them. */
export type Root = RootFolder & {
  /** As in the config. */
  readonly configuredPath: string
  readonly state: LiveState
  /** Wall clock, ms since 1970. */
  readonly stateSinceMs: number
  /** Why the root is offline or not fully seen, and what to do; null when all is well. */
  readonly message: string | null
  /** Whether its present folder was ever scanned to its end; known from when it was attached. */
  readonly wasScanned: boolean
  /** Type of its filesystem when it was attached, as in /proc/self/mountinfo; empty where it is not known. */
  filesystemType: string
  readonly gaps: Gaps
}

export function createRoot({ name, path, configuredPath }: ConfiguredWatch, wallMs: number): Root {
  return {
    key: name,
    configuredPath,
    path,
    top: null,
    isListed: false,
    inotifyFd: null,
    byWatch: new Map(),
    state: { kind: 'starting' },
    stateSinceMs: Math.floor(wallMs),
    message: null,
    wasScanned: false,
    filesystemType: '',
    gaps: {
      unwatched: new Set(),
      isWatchLimit: false,
      noInstance: null,
      unreadable: new Map(),
      ownPaths: new Set(),
      disksAway: new Map(),
      failing: null,
    },
  }
}

/** What the database has of a root's folder, as of when it was last there. */
export type KnownRoot = {
  readonly nodeId: string
  readonly device: string
  readonly inode: string
  readonly birthTime: number
  /** Both empty if they are not known. */
  readonly path: string
  readonly configuredPath: string
}

/**
 * Whether a folder found at a root's path is the root's. Another folder at the path that was configured before means that a
 * mount is missing, or that a symbolic link leads elsewhere. Another folder at another path is what the owner asked for.
 */
export function isSameRoot(
  known: KnownRoot | null,
  { path, configuredPath }: Pick<Root, 'path' | 'configuredPath'>,
  found: { readonly device: string; readonly inode: string; readonly birthTime: number },
  /** Whether the known inode number counts: it is of the present mount, or lasts. */
  doesNumberTell = true,
): boolean {
  if (known === null) return true
  // The original program kept neither path nor inode, and its root may have had another device number. That the folder is
  // not empty is all there is to go by.
  if (known.device === '') return true
  if (known.configuredPath === '' ? known.path !== path : known.configuredPath !== configuredPath) return true
  if (known.device !== found.device) return false
  return !doesNumberTell || (known.inode === found.inode && isSameBirth(known, found))
}

/** Filesystems with writers that the kernel does not see: events come only for changes made through this mount. */
export function isSharedFilesystem(filesystemType: string): boolean {
  return /^(nfs4?|cifs|smb3|smbfs|9p|ceph|glusterfs|afs|virtiofs|fuse(\..*)?|fuseblk)$/.test(filesystemType)
}
