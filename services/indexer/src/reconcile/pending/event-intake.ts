/** Turns kernel events into hints: finds the folder of each watch descriptor, and decides nothing. */

import type { Folder, RootFolder, Tree } from '../../model/folder-tree.ts'
import type { WatchEvent } from '../../watch/inotify-events.ts'
import type { Hints } from './hints.ts'
import type { Visits } from './visits.ts'
import type { Writers } from './writers.ts'

/** An event about a name in a folder. */
type PlaceEvent = Extract<WatchEvent, { readonly name: string }>

/** How long a hint waits for others of its place, so that a write, a close, a new time and a rename cause one look. */
const GATHER_MS = 2
/** The time between two looks while events come without a pause: who changes files all the time causes no more than these. */
const BUSY_MS = 10
/** How long a new file waits for its writer to close it. After that it is listed with the size it has. */
const OPEN_GRACE_MS = 100
/** Events of unknown watches that are kept for a root. Beyond, the root is scanned. */
const EARLY_MAX = 100_000

export type EventIntakeTools = {
  readonly tree: Pick<Tree, 'setWatch'>
  readonly pending: {
    readonly hints: Pick<Hints, 'add'>
    readonly visits: Pick<Visits, 'open'>
    readonly writers: Pick<Writers, 'wrote' | 'closed'>
  }
  readonly nowMs: () => number
  /** Whether the name is excluded, or a file of ours: a look that follows our own write would cause the next write. */
  readonly isIgnored: (folder: Folder, name: string) => boolean
  /** Events of the root were lost. */
  readonly onLost: (root: RootFolder) => void
  /** Whether inode numbers on the device are passing. */
  readonly doNumbersPass: (device: string) => boolean
  /** The filesystem of the folder was unmounted. */
  readonly onUnmounted: (folder: Folder) => void
  /** The root's own folder was moved, deleted or unmounted. */
  readonly onRootGone: (root: RootFolder) => void
}

export type EventIntake = {
  readonly take: (root: RootFolder, events: readonly WatchEvent[]) => void
  /** Call when a folder got its watch: takes the events that came before the watch was known. */
  readonly watched: (folder: Folder, watch: number) => void
  /** Call when a watch was removed with its folder: drops its events that are still to come. */
  readonly unwatched: (root: RootFolder, watch: number) => void
  /** Call before a folder that stays loses its watch: events that the kernel queued by then still count. */
  readonly releasing: (folder: Folder) => void
}

export function createEventIntake(tools: EventIntakeTools): EventIntake {
  const { tree, nowMs } = tools
  const { hints, visits, writers } = tools.pending
  // The observer thread sets a watch, and the first events of the watch may be read before the thread's answer.
  const early = new Map<RootFolder, { readonly byWatch: Map<number, WatchEvent[]>; size: number }>()
  /** Watches that were removed, and whose IN_IGNORED has not come yet. */
  const removed = new Map<RootFolder, Set<number>>()
  /** The folders of watches that were released. Events that the kernel queued before are about these folders. */
  const released = new Map<RootFolder, Map<number, Folder>>()

  /** The look that hints of now wait for, ms since 1970. */
  let nextLookMs = 0

  const keep = (root: RootFolder, watch: number, event: Exclude<WatchEvent, { kind: 'overflow' }>) => {
    const gone = removed.get(root)
    if (gone?.has(watch)) {
      if (event.kind === 'ignored') gone.delete(watch)
      return
    }
    // No answer is under way that could name the folder of this watch, so the folder is gone.
    if (visits.open(root) === 0) return
    const watches = early.get(root) ?? { byWatch: new Map<number, WatchEvent[]>(), size: 0 }
    early.set(root, watches)
    const events = watches.byWatch.get(watch)
    if (events === undefined) watches.byWatch.set(watch, [event])
    else events.push(event)
    watches.size += 1
    if (watches.size <= EARLY_MAX) return
    early.delete(root)
    tools.onLost(root)
  }
  const place = (folder: Folder, event: PlaceEvent) => {
    if (tools.isIgnored(folder, event.name)) return
    const now = nowMs()
    folder.stirredSeconds = Math.floor(now / 1000)
    const { name, kind } = event
    if (kind === 'folder-moved') doubt(folder.children.get(name))
    const cause = kind === 'folder-moved' ? 'touched' : kind
    hints.add({ folder, name, cause }, now, dueOf(folder, name, kind, now))
  }
  /** If numbers are passing, another folder at the place may have the number of the folder that had the watch. */
  const doubt = (child: Folder | undefined) => {
    if (child !== undefined && tools.doNumbersPass(child.device)) child.needsVisit = true
  }
  const dueOf = (folder: Folder, name: string, kind: PlaceEvent['kind'], now: number): number => {
    const at = { parentId: folder.nodeId, name }
    if (kind === 'modified') return writers.wrote(at, now)
    if (kind === 'written') writers.closed(at)
    return kind === 'created' ? now + OPEN_GRACE_MS : gathered(now)
  }
  const gathered = (now: number): number => {
    if (now >= nextLookMs) nextLookMs = Math.max(now + GATHER_MS, nextLookMs + BUSY_MS)
    return nextLookMs
  }
  const lost = (folder: Folder) => {
    tree.setWatch(folder, null)
    folder.needsVisit = true
    if (folder.parent === null) tools.onRootGone(folder.root)
    else hints.add({ folder: folder.parent, name: folder.name, cause: 'touched' }, nowMs(), gathered(nowMs()))
  }
  /** Takes an event of a watch that no folder has. */
  const late = (root: RootFolder, event: Exclude<WatchEvent, { kind: 'overflow' }>) => {
    const folder = released.get(root)?.get(event.watch)
    if (folder === undefined) return keep(root, event.watch, event)
    if (event.kind === 'ignored') released.get(root)?.delete(event.watch)
    else if ('name' in event && folder.attached) place(folder, event)
  }
  const one = (root: RootFolder, event: WatchEvent) => {
    if (event.kind === 'overflow') return tools.onLost(root)
    const folder = root.byWatch.get(event.watch)
    if (folder === undefined) return late(root, event)
    if (event.kind === 'ignored') return lost(folder)
    if (event.kind === 'unmounted') tools.onUnmounted(folder)
    if ('name' in event) place(folder, event)
    else if (folder.parent === null) {
      if (event.kind === 'self-moved') doubt(folder)
      tools.onRootGone(root)
    }
  }
  return {
    take: (root, events) => {
      for (const event of events) one(root, event)
    },
    watched: (folder, watch) => {
      tree.setWatch(folder, watch)
      const watches = early.get(folder.root)
      const events = watches?.byWatch.get(watch)
      if (watches === undefined || events === undefined) return
      watches.byWatch.delete(watch)
      watches.size -= events.length
      for (const event of events) one(folder.root, event)
    },
    unwatched: (root, watch) => {
      const gone = removed.get(root)
      if (gone === undefined) removed.set(root, new Set([watch]))
      else gone.add(watch)
    },
    releasing: (folder) => {
      if (folder.watch === null) return
      const watches = released.get(folder.root) ?? new Map<number, Folder>()
      released.set(folder.root, watches.set(folder.watch, folder))
    },
  }
}
