/** Looks at a root's path, and decides whether the folder there is the root's. Changes nothing but the root's path. */
import type { Logger } from '@drive-feed/shared/logger.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { Folder } from '../../model/folder-tree.ts'
import type { FolderSight } from '../../model/sight.ts'
import { sightAt } from '../../model/sights.ts'
import type { LookReply, Observer } from '../../scan/observer.ts'
import type { NodeQueries } from '../../store/node-queries.ts'
import type { Devices } from '../devices/devices.ts'
import { takeSample } from '../devices/sample-nodes.ts'
import {
  ACCEPTED,
  absentMessage,
  emptyMessage,
  namelessMessage,
  replacedMessage,
  twinMessage,
  unreadableMessage,
} from './away-messages.ts'
import { isSameRoot, type KnownRoot, type Root, type RootAway } from './root.ts'
import type { Roots } from './roots.ts'

/** A folder by its device's stable name. */
export type FoundFolder = { readonly folder: FolderSight; readonly device: string }

/**
 * A root's folder. `before`: what was known of the root. `isAccepted`: it is another folder, or empty, and the owner said
 * that it is meant.
 */
export type FoundRoot = FoundFolder & {
  readonly before: KnownRoot | null
  readonly filesystemType: string
  readonly isAccepted: boolean
}

/** Why there is none. `mustList`: only a listing can say that it is back. */
export type MissingRoot = { readonly away: RootAway; readonly mustList: boolean }

export type FindRootTools = {
  readonly roots: Pick<Roots, 'all' | 'savedRow'>
  readonly known: NodeQueries
  readonly devices: Devices
  readonly observer: Pick<Observer, 'look' | 'signs' | 'resolvePath'>
  /** Whether the owner said that this very folder is meant, though it is another one or empty. Holds once. */
  readonly takeAcceptance: (rootId: string, folder: FolderSight) => boolean
  /** The config file that messages name. */
  readonly configPath?: string | undefined
  readonly log: Logger
}

/** The folder at a root's path if it is the root's, otherwise why there is none; null when nothing can be said now. */
export async function findRoot(tools: FindRootTools, root: Root): Promise<FoundRoot | MissingRoot | null> {
  if (root.state.kind === 'offline') root.path = await tools.observer.resolvePath(root.configuredPath)
  const before = knownRoot(tools, root)
  const wasEmpty = root.state.kind === 'offline' && root.state.mustList
  // Only where a listing may say more: the top of a library can be long.
  const isListed = wasEmpty || root.top?.needsVisit === true || before?.device === ''
  // Listing needs the r bit of a folder; a look at what is in it needs the x bit, and so does one at its own name `.`.
  const names = isListed ? null : ['.']
  const reply = await tools.observer.look([{ path: root.path, expected: null, names, inotifyFd: null }])
  const [answer] = reply.answers
  const isThere = root.state.kind === 'scanning' || root.state.kind === 'watching'
  // A root that is there stays so. One that is not is offline, and so asked for again soon.
  if (answer?.kind === 'later' && isThere) return null
  const missing = (away: RootAway): MissingRoot => ({ away, mustList: wasEmpty })
  if (answer?.kind !== 'seen') return missing(absentMessage(root, answer))
  const { folder } = answer
  const problem = commonProblem(reply)
  if (problem !== null) return missing(unreadableMessage(root.path, problem))
  const device = await resolveDevice(tools, root, folder)
  if (device === null) return missing(namelessMessage(root.path))
  const twin = twinOf(tools, root, { folder, device })
  if (twin !== undefined) return missing(twinMessage(root, twin))
  const filesystemType = (await tools.observer.signs(root.path))?.filesystemType ?? ''
  const isEmpty = isListed && answer.from === answer.to && hasChildren(tools.known, before)
  return judge(tools, root, { folder, device, before, filesystemType, isAccepted: false }, isEmpty)
}

/** @param isEmpty a listing found nothing in the folder, where something is known */
function judge(tools: FindRootTools, root: Root, found: FoundRoot, isEmpty: boolean): FoundRoot | MissingRoot {
  const { before, folder, device } = found
  const isSame = isSameRoot(before, root, { ...folder, device }, doNumbersTell(tools.devices, device))
  if (before === null || (isSame && !isEmpty)) return found
  if (tools.takeAcceptance(before.nodeId, folder)) {
    tools.log.warn({ root: root.key, path: root.path }, ACCEPTED)
    return { ...found, isAccepted: true }
  }
  const away = isSame ? emptyMessage(root, tools.configPath) : replacedMessage(root, tools.configPath)
  return { away, mustList: isEmpty }
}

/** Whether the root is attached to this very folder. */
export function isAttachedTo({ top, state }: Root, found: FoundFolder): boolean {
  return state.kind !== 'offline' && isInTree(top, found)
}

/** Whether a folder of the tree is the one found. A folder of the tree keeps its number: looks ask for it by that. */
export function isInTree(folder: Folder | null, found: FoundFolder): boolean {
  return folder?.attached === true && folder.device === found.device && folder.inode === found.folder.inode
}

/** Whether inode numbers on the device in the database are those of the present mount. */
export function doNumbersTell(devices: Pick<Devices, 'numberKind' | 'isDoubtful'>, device: string): boolean {
  return devices.numberKind(device) === 'lasting' || !devices.isDoubtful(device)
}

/**
 * Another root that is attached to the folder: both would have one node, and take it from each other at every check. A root
 * whose folder moved away is noticed by its own check.
 */
function twinOf({ roots }: FindRootTools, root: Root, found: FoundFolder): Root | undefined {
  return roots.all.find((other) => other !== root && isAttachedTo(other, found))
}

function hasChildren(known: NodeQueries, before: KnownRoot | null): boolean {
  return before !== null && known.listedChildren(before.nodeId).length > 0
}

/** Why nothing in the one folder of this reply could be looked at; null if something could, or nothing is there. */
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

function knownRoot({ known, roots }: FindRootTools, root: Root): KnownRoot | null {
  const row = known.childAt(SUPER_ROOT_ID, root.key)
  if (row === undefined) return null
  const { nodeId, device, inode, birthTime } = row
  // The original program kept no path: its root is recognised by its id wherever it is configured now.
  const { path = '', configuredPath = '' } = roots.savedRow(root) ?? {}
  return { nodeId, device, inode, birthTime, path, configuredPath }
}

function resolveDevice(tools: FindRootTools, root: Root, top: FolderSight): Promise<string | null> {
  const row = tools.known.childAt(SUPER_ROOT_ID, root.key)
  const sample = () => takeSample(tools.known, tools.observer, { path: root.path, top, row })
  return tools.devices.resolve(top.deviceNumber, root.path, sample)
}
