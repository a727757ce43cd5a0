/**
 * The registry of the watched roots: which there are, how each is doing, and which root a path or a folder of the tree
 * belongs to. Every stage reads it; only this room changes it. A root's state and message change here and nowhere else, and
 * each change is written to the root's row in `watch_roots`.
 */
import type { ConfiguredWatch } from '@drive-feed/shared/config/watches.ts'
import { SUPER_ROOT_ID, type WatchRootRow } from '@drive-feed/shared/schema.ts'
import type { RootFolder } from '../../model/folder-tree.ts'
import type { KnownNode } from '../../model/known-node.ts'
import type { NodeQueries } from '../../store/node-queries.ts'
import { createRoot, type LiveState, type Root } from './root.ts'

export type Roots = {
  /** In the order of the config. */
  readonly all: readonly Root[]
  /** The root whose folders in the tree name `root` as theirs. */
  readonly of: (root: RootFolder) => Root | undefined
  /** The root whose folder contains the path, there or not. */
  readonly byPath: (path: string) => Root | undefined
  /** False while the root is offline. A root that was not looked for yet counts as online. */
  readonly isOnline: (root: RootFolder) => boolean
  /** Whether a root is being scanned, or was not looked for yet. */
  readonly isScanning: () => boolean
  /** Whether a root is scanned for the first time since it was attached: what moves in it may be anywhere. */
  readonly isDiscovering: () => boolean
  /** Whether a row directly below the super-root is the node of a watch in the config. */
  readonly isConfigured: (row: KnownNode) => boolean
  readonly setState: (root: Root, state: LiveState, message: string | null) => void
  readonly setMessage: (root: Root, message: string | null) => void
  /** The root's row in `watch_roots`; undefined for a root that was never found. */
  readonly savedRow: (root: Root) => WatchRootRow | undefined
}

export type RootsTools = {
  readonly known: Pick<NodeQueries, 'childAt'>
  readonly savedRoots: () => WatchRootRow[]
  readonly saveRoot: (row: WatchRootRow) => void
  /** The wall clock: owners are shown since when a root is in its state. Ms since 1970. */
  readonly wallMs: () => number
}

/** What this file may set. */
type Writable = { -readonly [Key in 'state' | 'stateSinceMs' | 'message' | 'wasScanned']: Root[Key] }

export function createRoots(watches: readonly ConfiguredWatch[], tools: RootsTools): Roots {
  const all = watches.map((watch) => createRoot(watch, tools.wallMs()))
  const of = (root: RootFolder) => all.find((one) => one === root)
  const savedRow = (root: Root) => tools.savedRoots().find((row) => row.name === root.key)
  const change = (root: Root, changes: Partial<Writable>) => {
    const saved = savedRow(root)
    const writable: Writable = root
    Object.assign(writable, changes)
    writable.wasScanned = wasScanned(root, saved)
    const nodeId = root.top?.nodeId ?? tools.known.childAt(SUPER_ROOT_ID, root.key)?.nodeId
    // A root that was never found has no row. One whose folder is another watch's by now has a row, but no node.
    if (nodeId !== undefined || saved !== undefined) tools.saveRoot(rowOf(root, nodeId ?? '', saved))
  }
  const sinceMs = (root: Root, next: LiveState): number => {
    if (root.state.kind === next.kind) return root.stateSinceMs
    const saved = root.state.kind === 'starting' && next.kind === 'offline' ? savedRow(root) : undefined
    // The root was away before this start already.
    return saved?.state === 'offline' ? saved.stateSinceMs : Math.floor(tools.wallMs())
  }
  return {
    all,
    of,
    byPath: (path) => all.find((root) => path === root.path || path.startsWith(`${root.path.replace(/\/$/, '')}/`)),
    isOnline: (root) => all.some((one) => one === root && one.state.kind !== 'offline'),
    isScanning: () => all.some(({ state }) => state.kind === 'scanning' || state.kind === 'starting'),
    isDiscovering: () => all.some(({ state }) => state.kind === 'scanning' && state.isFirst),
    isConfigured: ({ name }) => all.some(({ key }) => key === name),
    setState: (root, state, message) => change(root, { state, stateSinceMs: sinceMs(root, state), message }),
    setMessage: (root, message) => change(root, { message }),
    savedRow,
  }
}

/** A root is watched only once it was scanned. Another folder under the same name was not scanned, whatever was before. */
function wasScanned({ state, top }: Root, saved: WatchRootRow | undefined): boolean {
  if (state.kind === 'watching') return true
  return saved?.wasScanned === true && (top === null || saved.nodeId === top.nodeId)
}

function rowOf(root: Root, nodeId: string, saved: WatchRootRow | undefined): WatchRootRow {
  const { key: name, stateSinceMs, message, wasScanned, gaps } = root
  const state = root.state.kind
  // While the root is offline its nodes are still where they were.
  const { path, configuredPath } = state === 'offline' ? (saved ?? root) : root
  const row = { name, nodeId, path, configuredPath, state, stateSinceMs, message, wasScanned }
  return { ...row, unwatchedFolders: gaps.unwatched.size }
}
