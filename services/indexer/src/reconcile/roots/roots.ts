/**
 * The registry of the watched roots: which there are, how each is doing, and which root a path or a folder of the tree
 * belongs to. Every stage reads it; only this room changes it. A root's state and message change here and nowhere else, and
 * each change is written to the root's row in `watch_roots`.
 */
import type { ConfiguredWatch } from '@drive-feed/shared/config/watches.ts'
import { SUPER_ROOT_ID, type WatchRootRow } from '@drive-feed/shared/schema.ts'
import type { RootFolder } from '../../model/folder-tree.ts'
import type { Known } from '../../model/known-node.ts'
import type { KnownNodes } from '../../store/node-queries.ts'
import { createRoot, type Root } from './root.ts'

export type Roots = {
  /** In the order of the config. */
  readonly all: readonly Root[]
  /** The root that a folder's `root` belongs to. */
  readonly byTop: (top: RootFolder) => Root | undefined
  /** The root whose folder contains the path, there or not. */
  readonly byPath: (path: string) => Root | undefined
  /** False while the root is offline. A root that was not looked for yet counts as online. */
  readonly isOnline: (top: RootFolder) => boolean
  /** Whether a root is being scanned, or was not looked for yet. */
  readonly isScanning: () => boolean
  /** Whether a root is scanned for the first time since it was attached: what moves in it may be anywhere. */
  readonly isDiscovering: () => boolean
  /** Whether a row directly below the super-root is the node of a watch in the config. */
  readonly isConfigured: (row: Known) => boolean
  readonly setState: (root: Root, state: Root['state'], message: string | null) => void
  readonly setMessage: (root: Root, message: string | null) => void
  /** The root's row in `watch_roots`; undefined for a root that was never found. */
  readonly savedRow: (root: Root) => WatchRootRow | undefined
}

export type RootsTools = {
  readonly known: Pick<KnownNodes, 'childAt'>
  readonly savedRoots: () => WatchRootRow[]
  readonly saveRoot: (row: WatchRootRow) => void
  /** The wall clock: owners are shown since when a root is in its state. Ms since 1970. */
  readonly wallMs: () => number
}

export function createRoots(watches: readonly ConfiguredWatch[], tools: RootsTools): Roots {
  const all = watches.map((watch) => createRoot(watch, tools.wallMs()))
  const byTop = (top: RootFolder) => all.find((root) => root.top === top)
  const savedRow = (root: Root) => tools.savedRoots().find((row) => row.name === root.key)
  const sinceMs = (root: Root, state: Root['state']): number => {
    const saved = root.state === 'starting' && state === 'offline' ? savedRow(root) : undefined
    // The root was away before this start already.
    return saved?.state === 'offline' ? saved.stateSinceMs : Math.floor(tools.wallMs())
  }
  const save = (root: Root) => {
    const saved = savedRow(root)
    const nodeId = root.folder?.nodeId ?? tools.known.childAt(SUPER_ROOT_ID, root.key)?.nodeId
    // A root that was never found has no row. One whose folder is another watch's by now has a row, but no node.
    if (nodeId !== undefined || saved !== undefined) tools.saveRoot(rowOf(root, nodeId ?? '', saved))
  }
  return {
    all,
    byTop,
    byPath: (path) => all.find((root) => path === root.path || path.startsWith(`${root.path.replace(/\/$/, '')}/`)),
    isOnline: (top) => {
      const root = byTop(top)
      return root !== undefined && root.state !== 'offline'
    },
    isScanning: () => all.some(({ state }) => state === 'scanning' || state === 'starting'),
    isDiscovering: () => all.some(({ state, isUnknown }) => isUnknown && state === 'scanning'),
    isConfigured: ({ name }) => all.some(({ key }) => key === name),
    setState: (root, state, message) => {
      if (root.state !== state) root.stateSinceMs = sinceMs(root, state)
      root.state = state
      root.message = message
      if (state !== 'offline') root.away = null
      // A root is watched only once it was scanned.
      root.wasScanned ||= state === 'watching'
      save(root)
    },
    setMessage: (root, message) => {
      root.message = message
      save(root)
    },
    savedRow,
  }
}

function rowOf(root: Root, nodeId: string, saved: WatchRootRow | undefined): WatchRootRow {
  const { key: name, state, stateSinceMs, message, unwatched } = root
  // While the root is offline its nodes are still where they were.
  const { path, configuredPath } = state === 'offline' ? (saved ?? root) : root
  const wasScanned = root.folder === null ? (saved?.wasScanned ?? false) : root.wasScanned
  const row = { name, nodeId, path, configuredPath, state, stateSinceMs, message, wasScanned }
  return { ...row, unwatchedFolders: unwatched.size }
}
