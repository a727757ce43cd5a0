/** Attaches roots to their folders, notices when they go away, and attaches them again when they are back. */

import type { Logger } from '@drive-feed/shared/logger.ts'
import { SUPER_ROOT_ID, type WatchRootRow } from '@drive-feed/shared/schema.ts'
import type { LookReply, Observer } from '../scan/observer.ts'
import type { FolderSight } from '../scan/sight.ts'
import type { Known, KnownNodes } from '../store/known.ts'
import type { Decision } from '../store/store.ts'
import type { Folder, RootFolder, Tree } from '../watch/tree.ts'
import type { Vacancy } from './decide.ts'
import type { Devices } from './devices.ts'
import { createRoot, emptyMessage, isSameRoot, type Root, rootNode } from './roots.ts'
import { takeSample } from './sample.ts'

export type RootKeeperTools = {
  readonly tree: Tree
  readonly observer: Pick<Observer, 'look' | 'signs'>
  readonly devices: Devices
  readonly known: KnownNodes
  readonly apply: (decisions: readonly Decision[]) => void
  readonly savedRoots: () => WatchRootRow[]
  readonly saveRoot: (row: WatchRootRow) => void
  readonly removeRoot: (name: string) => void
  /** A new inotify instance, or why there is none. */
  readonly createInstance: (root: Root) => { fd: number } | { message: string }
  readonly onAttached: (root: Root) => void
  readonly onOffline: (root: Root) => void
  readonly dropFolder: (folder: Folder) => void
  readonly nowMs: () => number
  readonly log: Logger
}

export type RootKeeper = {
  readonly roots: readonly Root[]
  readonly byTop: (top: RootFolder) => Root | undefined
  /** Attaches every root that is not. */
  readonly attachAll: () => Promise<void>
  /** Looks whether a root is where it was; takes it offline or attaches it again. */
  readonly check: (root: Root) => Promise<void>
  readonly takeOffline: (root: Root, message: string) => void
  /** Asks again for an inotify instance where there was none; whether there is one now. */
  readonly retryInstance: (root: Root) => boolean
  readonly setState: (root: Root, state: Root['state'], message: string | null) => void
  readonly vacancyOf: (rootRow: Known) => Vacancy
  /** Removes the nodes of watches that are no longer configured, once their files had the chance to turn up elsewhere. */
  readonly removeUnconfigured: () => void
}

export function createRootKeeper(
  watches: readonly { readonly name: string; readonly path: string }[],
  tools: RootKeeperTools,
): RootKeeper {
  const { known, log, nowMs } = tools
  const roots = watches.map((watch) => createRoot(watch, nowMs()))

  const save = (root: Root, nodeId: string) => {
    const { key: name, path, state, stateSinceMs, message, unwatched } = root
    tools.saveRoot({ name, nodeId, path, state, stateSinceMs, message, unwatchedFolders: unwatched.size })
  }
  const setState: RootKeeper['setState'] = (root, state, message) => {
    if (root.state !== state) root.stateSinceMs = Math.floor(nowMs())
    root.state = state
    root.message = message
    const saved = tools.savedRoots().find((row) => row.name === root.key)
    const nodeId = root.folder?.nodeId ?? saved?.nodeId ?? known.childAt(SUPER_ROOT_ID, root.key)?.nodeId
    // A root that was never found has no node, and so no row that the api could build a path from.
    if (nodeId !== undefined) save(root, nodeId)
  }
  const takeOffline: RootKeeper['takeOffline'] = (root, message) => {
    if (root.state === 'offline' && root.message === message) return
    log.warn({ root: root.key, path: root.path }, `root is offline: ${message}`)
    const device = root.folder?.device
    const isShared = roots.some(
      (other) => other !== root && other.state !== 'offline' && other.folder?.device === device,
    )
    if (device !== undefined && !isShared) tools.devices.forget(device)
    setState(root, 'offline', message)
    tools.onOffline(root)
  }

  const attach = async (root: Root): Promise<void> => {
    // One that was found empty, or of which only the original program knew, is listed, any other only opened.
    const before = knownRoot(tools, root.key)
    const isListed = root.isEmptied || before?.device === ''
    const names = isListed ? null : []
    const reply = await tools.observer.look([{ path: root.path, expected: null, names, inotifyFd: null }])
    const [answer] = reply.answers
    if (answer?.kind !== 'seen') return takeOffline(root, awayMessage(root, answer))
    root.isEmptied =
      isListed && answer.from === answer.to && before !== null && known.children(before.nodeId).length > 0
    if (root.isEmptied) return takeOffline(root, emptyMessage(root))
    const device = await resolveDevice(tools, root, answer.folder)
    if (device === null) return takeOffline(root, 'its filesystem can not be asked what it is; trying again')
    if (!isSameRoot(before, root.path, { device, inode: answer.folder.inode })) {
      return takeOffline(root, replacedMessage(root))
    }
    root.message = null
    bindRoot(tools, root, answer.folder, device, before)
    log.info({ root: root.key, path: root.path }, 'root is attached')
    tools.onAttached(root)
  }
  const check = async (root: Root): Promise<void> => {
    const { folder } = root
    if (folder === null || root.state === 'offline') return attach(root)
    const { device, inode } = folder
    const expected = { deviceNumber: tools.devices.numberOf(device), inode }
    const { answers } = await tools.observer.look([{ path: root.path, expected, names: [], inotifyFd: null }])
    if (answers[0]?.kind !== 'seen') takeOffline(root, awayMessage(root, answers[0]))
    else if (!(await tools.devices.isStill(device, root.path))) takeOffline(root, replacedMessage(root))
  }
  return {
    roots,
    byTop: (top) => roots.find((root) => root.top === top),
    attachAll: async () => {
      for (const root of roots) await attach(root)
    },
    check,
    takeOffline,
    retryInstance: (root) => {
      if (root.top === null || root.top.inotifyFd !== null) return true
      const instance = tools.createInstance(root)
      if ('message' in instance) return false
      root.top.inotifyFd = instance.fd
      root.message = null
      return true
    },
    setState,
    vacancyOf: (row) => (roots.some((root) => root.key === row.name) ? 'holds' : 'vacant'),
    removeUnconfigured: () => {
      const configured = new Set(roots.map((root) => root.key))
      for (const row of known.children(SUPER_ROOT_ID)) {
        if (configured.has(row.name)) continue
        log.info({ root: row.name }, 'no longer configured: its nodes are removed')
        tools.apply([{ kind: 'remove', nodeId: row.nodeId }])
      }
      for (const row of tools.savedRoots()) if (!configured.has(row.name)) tools.removeRoot(row.name)
    },
  }
}

/** Makes the root's node what its folder is, and its place in the tree. */
function bindRoot(
  tools: RootKeeperTools,
  root: Root,
  sight: FolderSight,
  device: string,
  before: ReturnType<typeof knownRoot>,
): void {
  const { nodeId, parentId, facts } = rootNode({ device }, sight)
  const at = { nodeId, parentId, name: root.key, isDirectory: true }
  const decisions: Decision[] = []
  const row = tools.known.byId(nodeId)
  if (row === undefined) {
    decisions.push({ kind: 'create', ...at, facts, awaiting: { state: 'ready', dueMs: 0 }, copyOf: null })
  } else if (row.parentId !== parentId || row.name !== root.key) {
    decisions.push({ kind: 'move', ...at, ctime: facts.ctime })
  } else if (row.device === '') {
    decisions.push({ kind: 'adopt', nodeId, facts: { ...facts, mtime: row.mtime, ctime: row.ctime } })
  }
  if (before !== null && before.nodeId !== nodeId) decisions.push({ kind: 'remove', nodeId: before.nodeId })
  if (decisions.length > 0) tools.apply(decisions)
  if (root.folder !== null && root.folder.nodeId === nodeId && root.folder.attached) return
  if (root.folder !== null) tools.dropFolder(root.folder)
  const instance = root.top === null ? tools.createInstance(root) : { fd: root.top.inotifyFd }
  if ('message' in instance) {
    root.message = instance.message
    tools.log.warn({ root: root.key }, instance.message)
  }
  const inotifyFd = 'fd' in instance ? instance.fd : null
  root.top = { key: root.key, path: root.path, inotifyFd, byWatch: new Map() }
  root.folder = tools.tree.addRoot(root.top, { nodeId, device, inode: facts.inode })
}

function knownRoot({ known, savedRoots }: RootKeeperTools, key: string) {
  const row = known.childAt(SUPER_ROOT_ID, key)
  if (row === undefined) return null
  const path = savedRoots().find((saved) => saved.name === key)?.path
  // The original program kept no path: its root is recognised by its id wherever it is configured now.
  return { nodeId: row.nodeId, device: row.device, inode: row.inode, path: path ?? '' }
}

async function resolveDevice(tools: RootKeeperTools, root: Root, sight: FolderSight): Promise<string | null> {
  const row = tools.known.childAt(SUPER_ROOT_ID, root.key)
  const sample = () => takeSample(tools.known, tools.observer, { path: root.path, inode: sight.inode, row })
  const device = await tools.devices.resolve(sight.deviceNumber, root.path, sample)
  root.filesystemType = (await tools.observer.signs(root.path))?.filesystemType ?? ''
  return device
}

function awayMessage(root: Root, answer: LookReply['answers'][number] | undefined): string {
  if (answer?.kind === 'unreadable')
    return `${root.path} can't be read (${answer.problem}); check permissions and the disk`
  return `${root.path} is not there; mount it or bring it back, its nodes are kept until then`
}

function replacedMessage(root: Root): string {
  return `${root.path} is another folder than before, as when a disk is not mounted; mount it, its nodes are kept. \
If the new folder is meant, give the watch another name in the config`
}
