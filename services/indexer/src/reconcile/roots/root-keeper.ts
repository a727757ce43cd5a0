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
  readonly dropAcceptance: (rootId: string) => void
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
  /** To be called when a listing found a root's folder empty that was not. False if it may not be: then it is offline. */
  readonly mayBeEmpty: (root: Root) => boolean
  /** To be called when a root was scanned to its end. */
  readonly scanned: (root: Root) => void
  /** Asks again for an inotify instance where there was none; whether there is one now. */
  readonly retryInstance: (root: Root) => boolean
  /** Removes the nodes of watches that are no longer configured, once their files had the chance to turn up elsewhere. */
  readonly removeUnconfigured: () => void
}

export function createRootKeeper(tools: RootKeeperTools): RootKeeper {
  const { roots, known, log } = tools
  /** Roots whose owner said that they are meant as they are, until the end of the scan that removes what was in them. */
  const accepted = new Set<Root>()
  const takeOffline = (root: Root, away: RootAway, mustList: boolean) => {
    const { message } = away
    const isSaid = root.state.kind === 'offline' && root.message === message
    if (isSaid && root.state.mustList === mustList) return
    roots.setState(root, { kind: 'offline', away, mustList }, message)
    if (isSaid) return
    log.warn({ root: root.key, path: root.path, since: isoTime(root.stateSinceMs) }, `root is offline: ${message}`)
    tools.onOffline()
    tools.hints.dropRoot(root)
    tools.visits.dropRoot(root)
  }
  const check: RootKeeper['check'] = async (root) => {
    const isOffline = root.state.kind === 'offline'
    if (isOffline) root.path = await tools.observer.resolvePath(root.configuredPath)
    const before = knownRoot(tools, root)
    const others = roots.all.filter((other) => other !== root)
    const found = await findRoot(tools, root, { before, others })
    if (found === null) return
    if ('away' in found) return takeOffline(root, found.away, found.mustList)
    if (found.isAccepted) accepted.add(root)
    if (isAttachedTo(root, found) && root.top?.needsVisit === false) return
    const awaySince = isOffline ? { awaySince: isoTime(root.stateSinceMs) } : {}
    bindRoot(tools, root, found, before)
    log.info({ root: root.key, path: root.path, ...awaySince }, 'root is attached')
    tools.onAttached(root, root.state.kind === 'starting' ? 'start' : 'back')
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
    mayBeEmpty: (root) => {
      if (accepted.has(root)) return true
      takeOffline(root, emptyMessage(root, tools.configPath), true)
      return false
    },
    scanned: (root) => {
      accepted.delete(root)
      // All is well with the root, so a word of the owner that came too late must not be about another day.
      if (root.top !== null) tools.dropAcceptance(root.top.nodeId)
    },
    retryInstance: (root) => {
      if (root.top === null || root.inotifyFd !== null) return true
      if (!openInstance(tools, root)) return false
      roots.setMessage(root, null)
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

/** A root's folder. `isAccepted`: it is another one, or empty, and the owner said that it is meant. */
type Found = {
  readonly folder: FolderSight
  readonly device: string
  readonly filesystemType: string
  readonly isAccepted: boolean
}

/** Why there is none. */
type NotFound = { readonly away: RootAway; readonly mustList: boolean }

function isAttachedTo({ top, state }: Root, found: Pick<Found, 'folder' | 'device'>): boolean {
  return state.kind !== 'offline' && isInTree(top, found)
}

/** A folder of the tree keeps its number: under another one, looks would ask for a folder that is not there any more. */
function isInTree(folder: Folder | null, found: Pick<Found, 'folder' | 'device'>): boolean {
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
): Promise<Found | NotFound | null> {
  // Listed only where that may say more: the top of a library can be long.
  const wasEmpty = root.state.kind === 'offline' && root.state.mustList
  const isListed = wasEmpty || root.top?.needsVisit === true || before?.device === ''
  // Listing needs the r bit of a folder, looking at what is in it the x bit, and that is asked by its own name.
  const names = isListed ? null : ['.']
  const reply = await tools.observer.look([{ path: root.path, expected: null, names, inotifyFd: null }])
  const [answer] = reply.answers
  // One that is there stays so; one that is not is offline meanwhile, and so asked for again soon.
  if (answer?.kind === 'later' && root.state.kind !== 'starting' && root.state.kind !== 'offline') return null
  if (answer?.kind !== 'seen') return { away: absentMessage(root, answer), mustList: wasEmpty }
  const { folder } = answer
  const problem = commonProblem(reply)
  if (problem !== null) return { away: unreadableMessage(root.path, problem), mustList: wasEmpty }
  const device = await resolveDevice(tools, root, folder)
  if (device === null) return { away: namelessMessage(root.path), mustList: wasEmpty }
  const filesystemType = (await tools.observer.signs(root.path))?.filesystemType ?? ''
  // Both would have one node, and take it from each other at every check. One that has moved away is noticed by its own.
  const twin = others.find((other) => isAttachedTo(other, { folder, device }))
  if (twin !== undefined) return { away: twinMessage(root, twin), mustList: wasEmpty }
  const isEmpty = isListed && answer.from === answer.to && hasChildren(tools.known, before)
  const isSame = isSameRoot(before, root, { ...folder, device }, doNumbersTell(tools, device))
  const found = { folder, device, filesystemType, isAccepted: false }
  if (before === null || (isSame && !isEmpty)) return found
  if (tools.takeAcceptance(before.nodeId, folder)) {
    tools.log.warn({ root: root.key, path: root.path }, 'the folder is accepted as it is: what was known is removed')
    return { ...found, isAccepted: true }
  }
  const away = isSame ? emptyMessage(root, tools.configPath) : replacedMessage(root, tools.configPath)
  return { away, mustList: isEmpty }
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
  root.isListed = false
  root.filesystemType = found.filesystemType
  if (root.top?.nodeId === nodeId && isInTree(root.top, found)) {
    root.top.needsVisit = false
    return
  }
  // The instance and what is watched by it stay the root's, whichever folder that is.
  if (root.top === null) openInstance(tools, root)
  else tools.dropFolder(root.top)
  // It was in another root until now.
  const elsewhere = tools.tree.get(nodeId)
  if (elsewhere !== undefined) tools.dropFolder(elsewhere)
  tools.tree.addRoot(root, { nodeId, device, inode: folder.inode })
}

/** Asks for an inotify instance; whether there is one. */
function openInstance({ createInstance, log }: RootKeeperTools, root: Root): boolean {
  const instance = createInstance(root)
  if ('why' in instance) {
    if (root.gaps.noInstance === null) log.warn({ root: root.key }, instance.why.message)
    root.gaps.noInstance = instance.why
    return false
  }
  root.inotifyFd = instance.fd
  root.gaps.noInstance = null
  return true
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
  return tools.devices.resolve(top.deviceNumber, root.path, sample)
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
