/**
 * The watched roots and how each is doing. A root that is away is not an empty root (invariant I7): while its folder is
 * missing, replaced or suddenly empty its nodes stay, and it heals by itself when the folder is back.
 */
import type { ConfiguredWatch } from '@drive-feed/shared/config/watches.ts'
import type { Advice } from '@drive-feed/shared/problem.ts'
import { type RootState, SUPER_ROOT_ID, type WatchRootRow } from '@drive-feed/shared/schema.ts'
import type { Decision } from '../../model/decision.ts'
import type { Folder, RootFolder } from '../../model/folder-tree.ts'
import type { Known } from '../../model/known-node.ts'
import { isReborn, isSameBirth, type PlacedSight, placedSight } from '../../model/seen.ts'
import type { FolderSight } from '../../model/sight.ts'
import { type InodeKnowledge, identifyFolder } from '../deciding/identity.ts'

/** Why a root is offline. */
export type RootAway = Advice & { readonly code: 'root_offline' | 'root_replaced' | 'root_empty' }

/** A disk that was mounted inside of a root and is not. `sinceMs`: ms since 1970; `isSinceStart`: it was away before this run, since when nobody knows. */
export type DiskAway = {
  readonly nodeId: string
  readonly folder: Folder
  readonly name: string
  readonly sinceMs: number
  readonly isSinceStart: boolean
}

/** What is to be said since when, ms since 1970. */
export type AdviceSince = Advice & { readonly sinceMs: number }

/** `what`: the folder itself, or something in it. */
export type Unreadable = { readonly what: 'folder' | 'entry'; readonly problem: string }

export type Root = {
  readonly key: string
  /** As in the config. */
  readonly configuredPath: string
  /** That path with its symbolic links resolved, when it was last looked at. */
  path: string
  state: RootState
  stateSinceMs: number
  message: string | null
  /** Why it is offline; null while it is not. */
  away: RootAway | null
  /** Whether it is offline because of what listing it gave; then only another listing can say that it is back. */
  mustList: boolean
  /** Whether the owner said that it is empty on purpose; until the end of the scan that removes what was in it. */
  mayBeEmpty: boolean
  /** Its place in the tree, from when it was first found. */
  folder: Folder | null
  /** Made with `folder`; the inotify instance stays the same while the root is away. */
  top: RootFolder | null
  /** Type of its filesystem, as in /proc/self/mountinfo. */
  filesystemType: string
  /** Whether a scan was asked for while one was under way. */
  scanAgain: boolean
  /** Whether it was not scanned to its end since it was attached. */
  isUnknown: boolean
  /** Folders the kernel gave no watch for. */
  readonly unwatched: Set<Folder>
  /** Folders that could not be read, or not all that is in them. */
  readonly unreadable: Map<Folder, Unreadable>
  /** Paths of folders in which files of ours were met and left out. */
  readonly ownPaths: Set<string>
  /** What is to be said of each disk that was mounted inside of it and is away; null when there is nothing to say any more. */
  readonly disksAway: Map<string, () => AdviceSince | null>
  /** Why it has no inotify instance. */
  noInstance: Advice | null
  /** Whether it was `max_user_watches` that kept the kernel from watching them. */
  isWatchLimit: boolean
  /** What is said of places in it that could not be settled for long; null if there are none. */
  failing: AdviceSince | null
  nextRescanMs: number
  scanStartedMs: number
  /** Whether its folder was ever scanned to the end; known from when it was attached. */
  wasScanned: boolean
}

export function createRoot({ name, path, configuredPath }: ConfiguredWatch, wallMs: number): Root {
  return {
    key: name,
    configuredPath,
    path,
    state: 'starting',
    stateSinceMs: Math.floor(wallMs),
    message: null,
    away: null,
    mustList: false,
    mayBeEmpty: false,
    folder: null,
    top: null,
    filesystemType: '',
    scanAgain: false,
    isUnknown: false,
    unwatched: new Set(),
    unreadable: new Map(),
    ownPaths: new Set(),
    disksAway: new Map(),
    noInstance: null,
    isWatchLimit: false,
    failing: null,
    nextRescanMs: Number.POSITIVE_INFINITY,
    scanStartedMs: 0,
    wasScanned: false,
  }
}

/** What the database says of the root's folder when it was last there. */
export type KnownRoot = {
  readonly nodeId: string
  readonly device: string
  readonly inode: string
  readonly birthTime: number
  /** Empty where it is not known. */
  readonly path: string
  readonly configuredPath: string
}

/**
 * Whether a folder found at a root's path is the root. Another folder at the path that was configured before is a mount
 * that is missing, or a symbolic link that leads elsewhere; another folder at another path is what the owner asked for.
 */
export function isSameRoot(
  known: KnownRoot | null,
  { path, configuredPath }: Pick<Root, 'path' | 'configuredPath'>,
  found: { readonly device: string; readonly inode: string; readonly birthTime: number },
  /** Whether the number that is known is one of the present mount, or as good. */
  doesNumberTell = true,
): boolean {
  if (known === null) return true
  // The original program kept neither path nor inode. Its root may have had another device number; that the folder is
  // not empty has to do.
  if (known.device === '') return true
  if (known.configuredPath === '' ? known.path !== path : known.configuredPath !== configuredPath) return true
  if (known.device !== found.device) return false
  return !doesNumberTell || (known.inode === found.inode && isSameBirth(known, found))
}

export type Renaming = {
  readonly renamed: readonly { readonly saved: WatchRootRow; readonly name: string }[]
  readonly decisions: readonly Decision[]
}

/**
 * What has to be done for watches that only got another name in the config, which their paths tell; at once, so that any
 * of them may have changed names. A node whose name is needed and whose own path is no longer watched goes.
 *
 * @param rows those of all root nodes
 */
export function planRenames(
  watches: readonly ConfiguredWatch[],
  savedRoots: readonly WatchRootRow[],
  rows: readonly Known[],
): Renaming {
  const nameOf = new Map(rows.map((row) => [row.nodeId, row.name]))
  const names = new Map<string, string>()
  const renamed: { saved: WatchRootRow; name: string }[] = []
  for (const { name, path, configuredPath } of watches) {
    // A row may tell of a node that is another watch's by now.
    const isIts = ({ nodeId, name: before }: WatchRootRow) =>
      !names.has(nodeId) && [before, name].includes(nameOf.get(nodeId) ?? '')
    const own = savedRoots.filter(isIts)
    const saved = own.find((row) => row.configuredPath === configuredPath) ?? own.find((row) => row.path === path)
    if (saved === undefined) continue
    names.set(saved.nodeId, name)
    if (saved.name !== name) renamed.push({ saved, name })
  }
  const needed = new Set(names.values())
  const moves = rows.flatMap(({ nodeId, name: before, parentId, ctime }): Decision[] => {
    const name = names.get(nodeId) ?? before
    return name === before ? [] : [{ kind: 'move', nodeId, parentId, name, isDirectory: true, ctime }]
  })
  const removals = rows.flatMap(({ nodeId, name }): Decision[] =>
    !names.has(nodeId) && needed.has(name) ? [{ kind: 'remove', nodeId }] : [],
  )
  return { renamed, decisions: [...moves, ...removals] }
}

/** What is known that a root's folder may be: rows of its inode, and the row that the root had before. */
export type RootKnowledge = InodeKnowledge & { readonly before: Pick<KnownRoot, 'nodeId'> | null }

export type RootPlan = {
  readonly nodeId: string
  readonly decisions: readonly Decision[]
}

/**
 * Makes the root's node the folder that was found. That may have been in another root before; or have the inode number
 * of something that is gone, or is in a root that is away and keeps its row (I7).
 */
export function planRoot(
  name: string,
  { folder, device }: { readonly folder: FolderSight; readonly device: string },
  { before, rows, isAway, isIdTaken }: RootKnowledge,
): RootPlan {
  const place = { parentId: SUPER_ROOT_ID, name }
  const sight = placedSight(folder, () => device) as Extract<PlacedSight, { kind: 'folder' }>
  const { facts } = sight
  const isAwayElsewhere = (row: Known) => row.nodeId !== before?.nodeId && isAway(row)
  const { own: likeliest, newId, kept } = identifyFolder(sight, place, { rows, isAway: isAwayElsewhere, isIdTaken })
  const mine = rows.find((row) => row.nodeId === before?.nodeId)
  const own = mine?.birthTime === likeliest?.birthTime ? mine : likeliest
  const nodeId = own?.nodeId ?? newId()
  const decisions: Decision[] = rows
    .filter((row) => !row.isDirectory && !kept.includes(row))
    .map((row) => ({ kind: 'remove', nodeId: row.nodeId }))
  const at = { nodeId, ...place, isDirectory: true }
  if (own === undefined) {
    decisions.push({ kind: 'create', ...at, facts, awaiting: { state: 'ready', dueMs: 0 }, copyOf: null })
  } else {
    const isMoved = own.parentId !== place.parentId || own.name !== name
    if (isMoved) decisions.push({ kind: 'move', ...at, ctime: facts.ctime })
    // Clients see the times, and only a move would tell them of new ones.
    const { mtime, ctime } = isMoved ? facts : own
    if (own.device === '' || isReborn(own, facts)) {
      decisions.push({ kind: 'adopt', nodeId, facts: { ...facts, mtime, ctime } })
    }
  }
  if (before !== null && before.nodeId !== nodeId) decisions.push({ kind: 'remove', nodeId: before.nodeId })
  return { nodeId, decisions }
}

/** Filesystems whose other writers the kernel knows nothing of: events come only for changes made through this mount. */
export function isSharedFilesystem(filesystemType: string): boolean {
  return /^(nfs4?|cifs|smb3|smbfs|9p|ceph|glusterfs|afs|virtiofs|fuse(\..*)?|fuseblk)$/.test(filesystemType)
}
