/** Attaches roots to their folders, notices when they go away, and attaches them again when they are back. */

import type { Logger } from '@drive-feed/shared/logger.ts'
import type { Advice } from '@drive-feed/shared/problem.ts'
import { SUPER_ROOT_ID, type WatchRootRow } from '@drive-feed/shared/schema.ts'
import type { Decision } from '../../model/decision.ts'
import type { Folder, Tree } from '../../model/folder-tree.ts'
import type { Known } from '../../model/known-node.ts'
import type { FolderSight } from '../../model/sight.ts'
import { sightAt } from '../../model/sights.ts'
import type { LookReply, Observer } from '../../scan/observer.ts'
import type { KnownNodes } from '../../store/node-queries.ts'
import type { Devices } from '../devices/devices.ts'
import type { NumberTrust } from '../devices/number-trust.ts'
import { takeSample } from '../devices/sample.ts'
import { isIdTaken } from '../devices/taken-id.ts'
import type { Hints } from '../pending/hints.ts'
import type { Limbo } from '../pending/limbo.ts'
import type { Visits } from '../pending/visits.ts'
import {
  absentMessage,
  emptyMessage,
  namelessMessage,
  replacedMessage,
  twinMessage,
  unreadableMessage,
} from './away-messages.ts'
import { isSameRoot, type KnownRoot, planRenames, planRoot, type Root, type RootAway } from './root.ts'
import type { Roots } from './roots.ts'
import { isAway } from './whereabouts.ts'

export type RootKeeperTools = {
  readonly roots: Roots
  readonly tree: Tree
  readonly observer: Pick<Observer, 'look' | 'signs' | 'resolvePath'>
  readonly devices: Devices
  readonly known: KnownNodes
  readonly trust: NumberTrust
  readonly apply: (decisions: readonly Decision[]) => void
  /** Makes one transaction of all that is written meanwhile. */
  readonly atOnce: (work: () => void) => void
  readonly savedRoots: () => WatchRootRow[]
  readonly saveRoot: (row: WatchRootRow) => void
  readonly removeRoot: (name: string) => void
  /** Whether the owner said that this very folder is meant, though it is not the known one or empty. Holds once. */
  readonly takeAcceptance: (rootId: string, folder: FolderSight) => boolean
  /** Which the advice in messages names. */
  readonly configPath?: string | undefined
  /** A new inotify instance, or why there is none. */
  readonly createInstance: (root: Root) => { fd: number } | { why: Advice }
  readonly onAttached: (root: Root, why: 'start' | 'back') => void
  readonly onOffline: () => void
  readonly hints: Pick<Hints, 'dropRoot'>
  readonly visits: Pick<Visits, 'dropRoot'>
  readonly dropFolder: (folder: Folder) => void
  readonly limbo: Pick<Limbo, 'release'>
  readonly log: Logger
}

export type RootKeeper = {
  /** Gives watches that only got another name in the config their nodes. Once, before any root is checked. */
  readonly rename: () => void
  /** Looks whether a root is where it was; takes it offline, or attaches it if it was not. */
  readonly check: (root: Root) => Promise<void>
  readonly takeOffline: (root: Root, away: RootAway) => void
  /** Asks again for an inotify instance where there was none; whether there is one now. */
  readonly retryInstance: (root: Root) => boolean
  /** Removes the nodes of watches that are no longer configured, once their files had the chance to turn up elsewhere. */
  readonly removeUnconfigured: () => void
}

export function createRootKeeper(tools: RootKeeperTools): RootKeeper {
  const { roots, known, log } = tools
  const takeOffline: RootKeeper['takeOffline'] = (root, away) => {
    const { message } = away
    if (root.state === 'offline' && root.message === message) return
    root.away = away
    roots.setState(root, 'offline', message)
    log.warn({ root: root.key, path: root.path, since: isoTime(root.stateSinceMs) }, `root is offline: ${message}`)
    tools.onOffline()
    if (root.top === null) return
    tools.hints.dropRoot(root.top)
    tools.visits.dropRoot(root.top)
  }
  const check: RootKeeper['check'] = async (root) => {
    if (root.state === 'offline') root.path = await tools.observer.resolvePath(root.configuredPath)
    const before = knownRoot(tools, root)
    const others = roots.all.filter((other) => other !== root)
    const found = await findRoot(tools, root, { before, others })
    if (found === null) return
    if ('away' in found) return takeOffline(root, found.away)
    if (isAttachedTo(root, found) && root.folder?.needsVisit === false) return
    const awaySince = root.state === 'offline' ? { awaySince: isoTime(root.stateSinceMs) } : {}
    root.message = null
    root.mustList = false
    bindRoot(tools, root, found, before)
    const saved = roots.savedRow(root)
    // Another folder under the same name was not scanned, whatever was before.
    root.wasScanned = saved?.wasScanned === true && saved.nodeId === root.folder?.nodeId
    log.info({ root: root.key, path: root.path, ...awaySince }, 'root is attached')
    tools.onAttached(root, root.state === 'starting' ? 'start' : 'back')
  }
  return {
    rename: () => {
      const watches = roots.all.map(({ key, path, configuredPath }) => ({ name: key, path, configuredPath }))
      const { renamed, decisions } = planRenames(watches, tools.savedRoots(), known.children(SUPER_ROOT_ID))
      if (renamed.length === 0 && decisions.length === 0) return
      tools.atOnce(() => {
        tools.apply(decisions)
        for (const { saved } of renamed) tools.removeRoot(saved.name)
        for (const { saved, name } of renamed) tools.saveRoot({ ...saved, name })
      })
      for (const { saved, name } of renamed) {
        log.info({ root: name, before: saved.name }, 'only its name is another one in the config: its nodes stay')
      }
    },
    check,
    takeOffline,
    retryInstance: (root) => {
      if (root.top === null || root.top.inotifyFd !== null) return true
      const instance = tools.createInstance(root)
      if ('why' in instance) return false
      root.top.inotifyFd = instance.fd
      root.message = null
      root.noInstance = null
      return true
    },
    removeUnconfigured: () => {
      const configured = new Set(roots.all.map((root) => root.key))
      for (const row of known.children(SUPER_ROOT_ID)) {
        if (configured.has(row.name)) continue
        log.info({ root: row.name }, 'no longer configured: its nodes are removed')
        tools.apply([{ kind: 'remove', nodeId: row.nodeId }])
      }
      for (const row of tools.savedRoots()) if (!configured.has(row.name)) tools.removeRoot(row.name)
    },
  }
}

type Found = { readonly folder: FolderSight; readonly device: string }

function isAttachedTo({ folder, state }: Root, found: Found): boolean {
  return state !== 'offline' && isInTree(folder, found)
}

/** A folder of the tree keeps its number: under another one, looks would ask for a folder that is not there any more. */
function isInTree(folder: Folder | null, found: Found): boolean {
  return folder?.attached === true && folder.device === found.device && folder.inode === found.folder.inode
}

/** Whether inode numbers on the device in the database are those of now. */
function doNumbersTell({ devices }: RootKeeperTools, device: string): boolean {
  return devices.numberKind(device) === 'lasting' || !devices.isDoubtful(device)
}

/** The folder at a root's path if it is the root's, otherwise what is to be said of it; null when nothing can be said. */
async function findRoot(
  tools: RootKeeperTools,
  root: Root,
  { before, others }: { readonly before: KnownRoot | null; readonly others: readonly Root[] },
): Promise<Found | { readonly away: RootAway } | null> {
  // Listed only where that may say more: the top of a library can be long.
  const isListed = root.mustList || root.folder?.needsVisit === true || before?.device === ''
  // Listing needs the r bit of a folder, looking at what is in it the x bit, and that is asked by its own name.
  const names = isListed ? null : ['.']
  const reply = await tools.observer.look([{ path: root.path, expected: null, names, inotifyFd: null }])
  const [answer] = reply.answers
  // One that is there stays so; one that is not is offline meanwhile, and so asked for again soon.
  if (answer?.kind === 'later' && root.state !== 'starting' && root.state !== 'offline') return null
  if (answer?.kind !== 'seen') return { away: absentMessage(root, answer) }
  const { folder } = answer
  const problem = commonProblem(reply)
  if (problem !== null) return { away: unreadableMessage(root.path, problem) }
  const device = await resolveDevice(tools, root, folder)
  if (device === null) return { away: namelessMessage(root.path) }
  // Both would have one node, and take it from each other at every check. One that has moved away is noticed by its own.
  const twin = others.find((other) => isAttachedTo(other, { folder, device }))
  if (twin !== undefined) return { away: twinMessage(root, twin) }
  const isEmpty = isListed && answer.from === answer.to && hasChildren(tools.known, before)
  const isSame = isSameRoot(before, root, { ...folder, device }, doNumbersTell(tools, device))
  if (before === null || (isSame && !isEmpty)) return { folder, device }
  if (tools.takeAcceptance(before.nodeId, folder)) {
    tools.log.warn({ root: root.key, path: root.path }, 'the folder is accepted as it is: what was known is removed')
    root.mayBeEmpty = true
    return { folder, device }
  }
  root.mustList = isEmpty
  return { away: isSame ? emptyMessage(root, tools.configPath) : replacedMessage(root, tools.configPath) }
}

function hasChildren(known: KnownNodes, before: KnownRoot | null): boolean {
  return before !== null && known.listedChildren(before.nodeId).length > 0
}

/** Why nothing at all could be looked at in the one folder of this reply; null if something could, or nothing is there. */
function commonProblem({ answers: [answer], sights }: LookReply): string | null {
  if (answer?.kind !== 'seen') return null
  let problem: string | null = null
  for (let index = answer.from; index < answer.to; index += 1) {
    const sight = sightAt(sights, index)
    if (sight.kind !== 'unreadable') return null
    problem = sight.problem
  }
  return problem
}

/** Makes the root's node what its folder is, and its place in the tree. */
function bindRoot(tools: RootKeeperTools, root: Root, found: Found, before: KnownRoot | null): void {
  const { device, folder } = found
  // Its number may be one of an earlier mount.
  const isRenumbered = before?.device === device && before.inode !== folder.inode && !doNumbersTell(tools, device)
  if (isRenumbered)
    tools.apply([{ kind: 'renumber', nodeId: before.nodeId, inode: folder.inode, birthTime: folder.birthTime }])
  const isOwn = (row: Known) => row.nodeId === before?.nodeId
  const rows = tools.known.byInode(device, folder.inode).filter((row) => isOwn(row) || tools.trust.tells(row))
  // What was in the folder that this one takes the place of goes with it.
  const isAwayElsewhere = (row: Known) => isAway(tools, row) && !isBelow(tools.known, row, before)
  const { nodeId, decisions } = planRoot(root.key, found, {
    ...{ before, rows, isAway: isAwayElsewhere },
    isIdTaken: (on, id) => isIdTaken(tools, on, id),
  })
  if (decisions.length > 0) tools.apply(decisions)
  for (const decision of decisions) tools.limbo.release(decision.nodeId)
  if (root.top !== null) {
    root.top.path = root.path
    root.top.isListed = false
  }
  if (root.folder?.nodeId === nodeId && isInTree(root.folder, found)) {
    root.folder.needsVisit = false
    return
  }
  if (root.folder !== null) tools.dropFolder(root.folder)
  // It was in another root until now.
  const elsewhere = tools.tree.get(nodeId)
  if (elsewhere !== undefined) tools.dropFolder(elsewhere)
  const instance = root.top === null ? tools.createInstance(root) : { fd: root.top.inotifyFd }
  if ('why' in instance) {
    const { message } = instance.why
    root.message = message
    root.noInstance = instance.why
    tools.log.warn({ root: root.key }, message)
  }
  const inotifyFd = 'fd' in instance ? instance.fd : null
  // The instance and what is watched by it stay the root's, whichever folder that is.
  root.top ??= { key: root.key, path: root.path, isListed: false, inotifyFd, byWatch: new Map() }
  root.folder = tools.tree.addRoot(root.top, { nodeId, device, inode: folder.inode })
}

function isBelow({ byId }: KnownNodes, row: Known, folder: Pick<KnownRoot, 'nodeId'> | null): boolean {
  for (let at: Known | undefined = row; at !== undefined; at = byId(at.parentId)) {
    if (at.parentId === folder?.nodeId) return true
  }
  return false
}

function knownRoot({ known, roots }: RootKeeperTools, root: Root): KnownRoot | null {
  const row = known.childAt(SUPER_ROOT_ID, root.key)
  if (row === undefined) return null
  const { nodeId, device, inode, birthTime } = row
  // The original program kept no path: its root is recognised by its id wherever it is configured now.
  const { path = '', configuredPath = '' } = roots.savedRow(root) ?? {}
  return { nodeId, device, inode, birthTime, path, configuredPath }
}

async function resolveDevice(tools: RootKeeperTools, root: Root, top: FolderSight): Promise<string | null> {
  const row = tools.known.childAt(SUPER_ROOT_ID, root.key)
  const sample = () => takeSample(tools.known, tools.observer, { path: root.path, top, row })
  const device = await tools.devices.resolve(top.deviceNumber, root.path, sample)
  root.filesystemType = (await tools.observer.signs(root.path))?.filesystemType ?? ''
  return device
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
