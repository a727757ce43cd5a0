/**
 * Folders that can't be read, or not all that is in them. What is known of them stays, their root's message names them, and
 * they are listed again and again until they can be read: no event tells that they can.
 */
import type { Logger } from '@drive-feed/shared/logger.ts'
import { type Folder, pathOf } from '../../model/folder-tree.ts'
import type { Visits } from '../pending/visits.ts'
import type { QuietListings } from './quiet-listings.ts'
import type { Root, Unreadable } from './root.ts'
import type { RootMessages } from './root-messages.ts'
import type { Roots } from './roots.ts'

export type UnreadableTools = {
  readonly roots: Pick<Roots, 'of'>
  readonly messages: Pick<RootMessages, 'update'>
  readonly visits: Pick<Visits, 'add'>
  /** When each is listed again. */
  readonly listings: QuietListings<Folder>
  readonly log: Logger
}

export type UnreadableFolders = {
  readonly add: (folder: Folder, unreadable: Unreadable) => void
  /** To be called when a folder was listed. `problem`: why something in it could not be looked at; null if all could. */
  readonly listed: (folder: Folder, problem: string | null) => void
  /** Forgets folders that left the tree. */
  readonly prune: (root: Root) => void
  readonly isDue: (nowMs: number) => boolean
  /** Has those that are due listed, or all. */
  readonly list: (nowMs: number, which: 'due' | 'all') => void
}

export function createUnreadable({ roots, messages, visits, listings, log }: UnreadableTools): UnreadableFolders {
  const add: UnreadableFolders['add'] = (folder, { what, problem }) => {
    const root = roots.of(folder.root)
    // A top that can't be read takes its whole root offline.
    if (root === undefined || (what === 'folder' && folder.parent === null)) return
    const { unreadable } = root.gaps
    const before = unreadable.get(folder)
    // A folder that could not be read itself stays so until it is listed.
    const now: Unreadable = { what: before?.what === 'folder' ? 'folder' : what, problem }
    unreadable.set(folder, now)
    listings.add(folder)
    if (before?.what === now.what && before.problem === problem) return
    const subject = now.what === 'folder' ? 'the folder' : 'something in the folder'
    log.warn({ root: root.key, path: pathOf(folder), problem }, `${subject} can't be read; what is known of it stays`)
    messages.update(root)
  }
  return {
    add,
    listed: (folder, problem) => {
      const root = roots.of(folder.root)
      const before = root?.gaps.unreadable.get(folder)
      if (problem !== null) {
        if (before?.what === 'folder') root?.gaps.unreadable.delete(folder)
        add(folder, { what: 'entry', problem })
      } else if (root !== undefined && before !== undefined) {
        root.gaps.unreadable.delete(folder)
        listings.delete(folder)
        log.info({ root: root.key, path: pathOf(folder) }, 'the folder can be read again')
        messages.update(root)
      }
    },
    prune: ({ gaps: { unreadable } }) => {
      for (const folder of unreadable.keys()) {
        if (folder.attached) continue
        unreadable.delete(folder)
        listings.delete(folder)
      }
    },
    isDue: listings.isDue,
    list: (nowMs, which) => {
      const isHere = (folder: Folder) => folder.attached && roots.of(folder.root)?.state.kind === 'watching'
      for (const folder of listings.take(nowMs, which, isHere)) {
        // With all below if the folder itself could not be read: nothing told what was done there meanwhile.
        const isDeep = roots.of(folder.root)?.gaps.unreadable.get(folder)?.what === 'folder'
        if (isDeep) folder.needsVisit = false
        visits.add(folder, isDeep)
      }
    },
  }
}
