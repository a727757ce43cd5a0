/** Scans of whole roots: when they start, when they are through, when the next is due, and what the kernel did not watch. */
import type { Logger } from '@drive-feed/shared/logger.ts'
import { type Folder, pathOf, type Tree } from '../../model/folder-tree.ts'
import type { InotifyLimits } from '../../posix/inotify-limits.ts'
import type { Limbo } from '../pending/limbo.ts'
import type { Visits } from '../pending/visits.ts'
import { isSharedFilesystem, type LiveState, type Root, type Unreadable } from './root.ts'
import type { Roots } from './roots.ts'
import { createUnwatched, type Pace, type Unwatched } from './unwatched.ts'
import { ownFilesMessage, type RootProblem, watchMessage, watchProblems } from './watch-messages.ts'

/** Roots on network and FUSE filesystems are scanned at least this often. */
const SHARED_RESCAN_HOURS = 1
export type ScansTools = {
  readonly tree: Tree
  readonly visits: Visits
  readonly limbo: Limbo
  readonly roots: Roots
  /** Asks again for an inotify instance where there was none; whether there is one now. */
  readonly retryInstance: (root: Root) => boolean
  readonly rescanHours: number
  readonly pace: Pace
  readonly limits: () => InotifyLimits
  /** Takes a folder's watch away, for another. */
  readonly release: (folder: Folder) => void
  readonly nowMs: () => number
  readonly log: Logger
  /** A root was compared with the disk from its top to its last folder. */
  readonly onScanned: (root: Root) => void
  /** All scans have ended, for the first time or again. */
  readonly onAllDone: () => void
}

export type Scans = {
  /** Scans a root from its top; when a scan is under way, once more after it. */
  readonly start: (root: Root, reason: 'start' | 'back' | 'mount' | 'overflow' | 'interval') => void
  /** Ends the scans whose folders are all listed. */
  readonly finishThoseDone: () => void
  /** Starts what is due by the clock: rescans, and listings of folders without a watch or that could not be read. */
  readonly startDue: () => void
  /** `problem`: why something in the folder could not be looked at; null if all could. */
  readonly listed: (folder: Folder, problem: string | null) => void
  readonly unreadable: (folder: Folder, unreadable: Unreadable) => void
  /** Something in the folder was found to be changed, or its parent's watch told of the folder. */
  readonly stirred: (folder: Folder) => void
  readonly mayAsk: Unwatched['mayAsk']
  readonly refused: (folder: Folder, limit: 'max_user_watches' | 'unknown') => void
  readonly watched: (folder: Folder) => void
  /** Whether the kernel tells of writes to what is in the folder, those that are made by way of this machine. */
  readonly areWritesTold: (folder: Folder | undefined) => boolean
  /** Whether files of ours were left out where a folder was looked at. */
  readonly leftOut: (path: string, isOwn: boolean) => void
  /** To be called when the message of a root may be another one. */
  readonly tell: (root: Root) => void
  /** What is not well with a root. */
  readonly problems: (root: Root) => RootProblem[]
  readonly counts: () => {
    readonly listed: number
    readonly rescans: number
    readonly overflows: number
    readonly unwatched: number
  }
}

export function createScans(tools: ScansTools): Scans {
  const { roots, visits, limbo, nowMs, log } = tools
  let listed = 0
  let rescans = 0
  let overflows = 0
  /** From the start: what the first scan finds missing waits for its end, whichever roots are there. */
  let wasScanning = true
  /** Roots whose message may be out of date. */
  const untold = new Set<Root>()
  /** The same, where it only is about watches that changed hands. */
  const moved = new Set<Root>()
  /** Roots that are scanned once more when their scan has ended. */
  const again = new Set<Root>()
  const needs = () => ({ folders: tools.tree.size(), limits: tools.limits(), minutesMax: tools.pace.slotsMax })
  const messageOf = (root: Root) => watchMessage(root, needs())

  const start: Scans['start'] = (root, reason) => {
    if (reason === 'overflow') overflows += 1
    // Both come right after the root was attached; whatever else wants a scan waits for that.
    const isFirst = reason === 'start' || reason === 'back'
    if (root.state.kind === 'offline' && !isFirst) return
    if (root.top === null) return
    if (root.state.kind === 'scanning') {
      again.add(root)
      return
    }
    if (reason !== 'start') {
      rescans += 1
      log.info({ root: root.key, reason }, 'scanning again')
    }
    wasScanning = true
    const message = isFirst ? (root.gaps.noInstance?.message ?? null) : root.message
    roots.setState(root, { kind: 'scanning', startedMs: nowMs(), isFirst }, message)
    visits.add(root.top, true)
  }
  const finish = (root: Root, { startedMs, isFirst }: Extract<LiveState, { kind: 'scanning' }>) => {
    const seconds = (nowMs() - startedMs) / 1000
    const folders = tools.tree.sizeOf(root)
    log.info({ root: root.key, seconds, folders }, 'scan is complete')
    const isShared = isSharedFilesystem(root.filesystemType)
    const hours = isShared ? Math.min(SHARED_RESCAN_HOURS, tools.rescanHours) : tools.rescanHours
    if (isShared && isFirst) {
      const { key, filesystemType } = root
      log.info(
        { root: key, filesystemType, hours },
        'others can change this filesystem unseen: it is scanned this often',
      )
    }
    // Jittered, so that several roots, and several machines on one filer, do not scan at the same time.
    const nextRescanMs = nowMs() + hours * 3_600_000 * (0.9 + Math.random() * 0.2)
    unwatched.prune(root)
    unwatched.scanned(root)
    const message = messageOf(root)
    if (root.gaps.unwatched.size > 0 && message !== root.message) log.warn({ root: root.key }, message ?? '')
    untold.delete(root)
    roots.setState(root, { kind: 'watching', nextRescanMs }, message)
    tools.onScanned(root)
    if (again.delete(root)) start(root, 'interval')
  }
  const unwatched = createUnwatched({
    ...{ roots, visits, nowMs, pace: tools.pace, limits: tools.limits, release: tools.release },
    retryInstance: tools.retryInstance,
    scan: (root) => start(root, 'interval'),
    onMoved: (root) => moved.add(root),
  })
  const saveMessage = (root: Root) => {
    // During a scan it is said at the end, when it is known how many.
    if (root.state.kind === 'watching') roots.setMessage(root, messageOf(root))
  }
  const unreadable: Scans['unreadable'] = (folder, { what, problem }) => {
    const root = roots.of(folder.root)
    // Of the top it is the root's own matter: that is offline then.
    if (root === undefined || (what === 'folder' && folder.parent === null)) return
    const before = root.gaps.unreadable.get(folder)
    // Until it is listed it stays one that could not be read itself.
    const now: Unreadable = { what: before?.what === 'folder' ? 'folder' : what, problem }
    root.gaps.unreadable.set(folder, now)
    unwatched.unreadable(folder)
    if (before?.what === now.what && before.problem === problem) return
    const subject = now.what === 'folder' ? 'folder' : 'something in the folder'
    log.warn({ root: root.key, path: pathOf(folder), problem }, `${subject} can not be read; what is known of it stays`)
    saveMessage(root)
  }
  const readable = (folder: Folder) => {
    const root = roots.of(folder.root)
    if (root?.gaps.unreadable.delete(folder) !== true) return
    unwatched.readable(folder)
    log.info({ root: root.key, path: pathOf(folder) }, 'folder can be read again')
    saveMessage(root)
  }
  /** Once all that were to be watched together have been tried: then it is known how many got no watch. */
  const tellUnwatched = () => {
    for (const root of untold) {
      if (root.state.kind !== 'watching') continue
      untold.delete(root)
      unwatched.prune(root)
      const message = messageOf(root)
      if (message === root.message) continue
      log.warn({ root: root.key }, message ?? 'every folder is watched again')
      saveMessage(root)
    }
    for (const root of moved) {
      if (root.state.kind !== 'watching') continue
      moved.delete(root)
      saveMessage(root)
    }
  }
  return {
    start,
    finishThoseDone: () => {
      if (visits.size() > 0) return
      // Ended scans may begin anew.
      const done = roots.all.filter((root) => root.state.kind === 'scanning' && visits.open(root) === 0)
      for (const root of done) if (root.state.kind === 'scanning') finish(root, root.state)
      if (!visits.areOpen()) tellUnwatched()
      unwatched.visited()
      if (!wasScanning || roots.isScanning()) return
      wasScanning = false
      limbo.scanEnded(nowMs())
      tools.onAllDone()
    },
    startDue: () => {
      for (const root of roots.all) {
        if (root.state.kind === 'watching' && root.state.nextRescanMs <= nowMs()) start(root, 'interval')
      }
      unwatched.startDue()
    },
    listed: (folder, problem) => {
      listed += 1
      if (problem === null) return readable(folder)
      const root = roots.of(folder.root)
      if (root?.gaps.unreadable.get(folder)?.what === 'folder') root.gaps.unreadable.delete(folder)
      unreadable(folder, { what: 'entry', problem })
    },
    unreadable,
    tell: saveMessage,
    stirred: unwatched.stirred,
    mayAsk: unwatched.mayAsk,
    refused: (folder, limit) => {
      const root = roots.of(folder.root)
      if (root === undefined) return
      unwatched.refused(root, folder, limit)
      untold.add(root)
    },
    watched: (folder) => {
      const root = roots.of(folder.root)
      if (root === undefined || !unwatched.watched(root, folder) || root.gaps.unwatched.size > 0) return
      log.info({ root: root.key }, 'every folder is watched again')
      saveMessage(root)
    },
    areWritesTold: (folder) => folder?.watch != null,
    leftOut: (path, isOwn) => {
      const root = roots.byPath(path)
      if (root === undefined || root.gaps.ownPaths.has(path) === isOwn) return
      if (isOwn) {
        root.gaps.ownPaths.add(path)
        log.info({ root: root.key, path }, ownFilesMessage(path))
      } else root.gaps.ownPaths.delete(path)
      saveMessage(root)
    },
    problems: (root) => {
      const { state, stateSinceMs: sinceMs } = root
      return state.kind === 'offline' ? [{ ...state.away, sinceMs }] : watchProblems(root, needs())
    },
    counts: () => {
      const without = roots.all.reduce((sum, root) => sum + root.gaps.unwatched.size, 0)
      return { listed, rescans, overflows, unwatched: without }
    },
  }
}
