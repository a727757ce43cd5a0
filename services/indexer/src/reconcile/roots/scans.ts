/** Scans of whole roots: when each starts, when it is through, and when the next is due. */
import type { Logger } from '@drive-feed/shared/logger.ts'
import type { Tree } from '../../model/folder-tree.ts'
import type { Limbo } from '../pending/limbo.ts'
import type { Visits } from '../pending/visits.ts'
import type { Coverage } from './coverage.ts'
import { isSharedFilesystem, type LiveState, type Root } from './root.ts'
import type { Roots } from './roots.ts'

/** Roots on network and FUSE filesystems are scanned at least this often. */
const SHARED_RESCAN_HOURS = 1

export type ScansTools = {
  readonly roots: Roots
  readonly coverage: Pick<Coverage, 'scanned' | 'startDue' | 'visited' | 'counts'>
  readonly tree: Pick<Tree, 'sizeOf'>
  readonly visits: Visits
  readonly limbo: Pick<Limbo, 'scanEnded'>
  readonly rescanHours: number
  /** A root was compared with the disk from its top to its last folder. */
  readonly onScanned: (root: Root) => void
  /** All scans have ended, for the first time or again. */
  readonly onAllDone: () => void
  readonly nowMs: () => number
  readonly log: Logger
}

export type Scans = {
  /** Scans a root from its top; when a scan is under way, once more after it. */
  readonly start: (root: Root, reason: 'start' | 'back' | 'mount' | 'overflow' | 'interval' | 'owner') => void
  /** Ends the scans whose folders are all listed. */
  readonly finishThoseDone: () => void
  /** Starts what is due by the clock: rescans, and listings of what can't be watched or read. */
  readonly startDue: () => void
  readonly counts: () => ReturnType<Coverage['counts']> & { readonly rescans: number; readonly overflows: number }
}

export function createScans(tools: ScansTools): Scans {
  const { roots, coverage, visits, nowMs, log } = tools
  let rescans = 0
  let overflows = 0
  /** True from the start: what the first scan finds missing waits for its end, whichever roots are there. */
  let wasScanning = true
  /** Roots that are scanned once more when their scan has ended. */
  const again = new Set<Root>()

  const start: Scans['start'] = (root, reason) => {
    if (reason === 'overflow') overflows += 1
    // Both come right after the root was attached; every other reason waits for that.
    const isFirst = reason === 'start' || reason === 'back'
    if (root.top === null || (root.state.kind === 'offline' && !isFirst)) return
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
    log.info({ root: root.key, seconds, folders: tools.tree.sizeOf(root) }, 'scan is complete')
    const hours = rescanHours(root, tools.rescanHours)
    if (isFirst) logShared(log, root, hours)
    // Jittered, so that several roots, and several machines on one filer, do not scan at the same time.
    const nextRescanMs = nowMs() + hours * 3_600_000 * (0.9 + Math.random() * 0.2)
    roots.setState(root, { kind: 'watching', nextRescanMs }, coverage.scanned(root))
    tools.onScanned(root)
    if (again.delete(root)) start(root, 'interval')
  }
  return {
    start,
    finishThoseDone: () => {
      if (visits.size() > 0) return
      for (const root of roots.all) {
        if (root.state.kind === 'scanning' && visits.open(root) === 0) finish(root, root.state)
      }
      coverage.visited()
      if (!wasScanning || roots.isScanning()) return
      wasScanning = false
      tools.limbo.scanEnded(nowMs())
      tools.onAllDone()
    },
    startDue: () => {
      for (const root of roots.all) {
        if (root.state.kind === 'watching' && root.state.nextRescanMs <= nowMs()) start(root, 'interval')
      }
      coverage.startDue((root) => start(root, 'interval'))
    },
    counts: () => ({ ...coverage.counts(), rescans, overflows }),
  }
}

function rescanHours({ filesystemType }: Root, configured: number): number {
  return isSharedFilesystem(filesystemType) ? Math.min(SHARED_RESCAN_HOURS, configured) : configured
}

function logShared(log: Logger, { key, filesystemType }: Root, hours: number): void {
  if (!isSharedFilesystem(filesystemType)) return
  log.info(
    { root: key, filesystemType, hours },
    'other machines can change this filesystem unseen: it is scanned this often',
  )
}
