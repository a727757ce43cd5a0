/**
 * Disks that were mounted inside a root and are not there now. Their nodes stay (I7) and the root's message names them,
 * until they are back or the owner accepts what is there instead.
 */
import { isSameIdentity } from '@drive-feed/shared/folder-identity.ts'
import type { Logger } from '@drive-feed/shared/logger.ts'
import { type Folder, pathOf, type Tree } from '../../model/folder-tree.ts'
import type { KnownNode } from '../../model/known-node.ts'
import { type Place, placeKey } from '../../model/observation.ts'
import type { FolderSight } from '../../model/sight.ts'
import { ACCEPTED, diskAwayMessage } from './away-messages.ts'
import type { DiskAway, Root } from './root.ts'
import type { RootMessages } from './root-messages.ts'
import type { Roots } from './roots.ts'

export type DisksAway = {
  /** Whether the nodes of a disk stay, in whose place `sight` was seen; false if the owner accepts that. */
  readonly isKept: (
    known: KnownNode,
    place: { readonly folder: Folder; readonly name: string },
    sight: FolderSight,
  ) => boolean
  /** To be called for every place where nothing is away. */
  readonly isBack: (place: Place) => void
  /** The nodes of the disks that are away. */
  readonly nodeIds: () => ReadonlySet<string>
  /** Looks again at the places of these disks: their owner said something of them. */
  readonly lookAgain: (nodeIds: ReadonlySet<string>) => void
}

export type DisksAwayTools = {
  readonly tree: Pick<Tree, 'get'>
  readonly roots: Pick<Roots, 'of'>
  readonly messages: Pick<RootMessages, 'update'>
  /** Whether the owner said that this very folder is meant. Holds once. */
  readonly takeAcceptance: (nodeId: string, folder: FolderSight) => boolean
  readonly lookAt: (folder: Folder, name: string) => void
  readonly configPath: string | undefined
  /** The wall clock: owners read since when a disk is away. Ms since 1970. */
  readonly wallMs: () => number
  readonly log: Logger
}

export function createDisksAway(tools: DisksAwayTools): DisksAway {
  const { roots, messages, log, wallMs } = tools
  const away = new Map<string, { readonly disk: DiskAway; readonly root: Root | undefined }>()
  /** What the owner accepted holds until the disk's nodes have left, which takes several looks. */
  const accepted = new Map<string, { readonly nodeId: string; readonly folder: FolderSight }>()

  const end = (key: string) => {
    const entry = away.get(key)
    if (!away.delete(key)) return
    entry?.root?.gaps.disksAway.delete(key)
    if (entry?.root !== undefined) messages.update(entry.root)
  }
  const begin = (key: string, nodeId: string, folder: Folder, name: string) => {
    const root = roots.of(folder.root)
    const isSinceStart = tools.tree.get(nodeId) === undefined
    const disk: DiskAway = { nodeId, folder, name, sinceMs: Math.floor(wallMs()), isSinceStart }
    away.set(key, { disk, root })
    log.warn(
      { root: root?.key, path: `${pathOf(folder)}/${name}` },
      diskAwayMessage(disk, 'here', tools.configPath).message,
    )
    if (root === undefined) return
    const { sinceMs } = disk
    const problemNow = () => ({ ...diskAwayMessage(disk, 'there', tools.configPath), sinceMs })
    root.gaps.disksAway.set(key, () => (folder.attached ? problemNow() : null))
    messages.update(root)
  }
  return {
    isKept: ({ nodeId }, { folder, name }, sight) => {
      const key = placeKey({ parentId: folder.nodeId, name })
      const before = accepted.get(key)
      if (before?.nodeId === nodeId && isSameIdentity(before.folder, sight)) return false
      if (tools.takeAcceptance(nodeId, sight)) {
        log.warn({ path: `${pathOf(folder)}/${name}` }, ACCEPTED)
        accepted.set(key, { nodeId, folder: sight })
        end(key)
        return false
      }
      if (away.get(key)?.disk.nodeId !== nodeId) begin(key, nodeId, folder, name)
      return true
    },
    isBack: (place) => {
      // Nearly every look comes through here, and nearly always no disk is away.
      if (away.size === 0 && accepted.size === 0) return
      const key = placeKey(place)
      accepted.delete(key)
      end(key)
    },
    nodeIds: () => new Set(Array.from(away.values(), ({ disk }) => disk.nodeId)),
    lookAgain: (nodeIds) => {
      for (const { disk } of away.values()) if (nodeIds.has(disk.nodeId)) tools.lookAt(disk.folder, disk.name)
    },
  }
}
