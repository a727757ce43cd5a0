/**
 * Writes the status row: every second while there is work, and once a minute otherwise, so that an idle disk can sleep.
 */
import type { StatusRow, status } from '@drive-feed/shared/schema.ts'
import { VERSION } from '@drive-feed/shared/version.ts'
import { createRate } from './rate.ts'

const BUSY_MS = 1_000
const IDLE_MS = 60_000
/** The wall clock was set, or the machine slept, if the two clocks differ by more than this from before. */
const STEP_MS = 1_000

export type Progress = {
  readonly state: 'scanning' | 'watching'
  /** Whether every root was ever scanned to its end. */
  readonly isInitialScanComplete: boolean
  readonly listed: number
  readonly foldersWaiting: number
  readonly filesHashed: number
  readonly rescans: number
  readonly foldersKnown: number
  /** How many places and files have been tried in vain for long. */
  readonly placesFailing: number
  /** Folders that have no watch. */
  readonly unwatched: number
  readonly limits: { readonly watches: { readonly allowed: number }; readonly instances: { readonly allowed: number } }
  readonly overflows: number
  /** When the place that has waited longest became due, ms since 1970; null if none waits. */
  readonly oldestHintMs: number | null
}

export type StatusKeeper = {
  /** Replaces the row of an earlier run, which may have had other roots. */
  readonly begin: () => void
  /** `orderly` writes into the row that the indexer stopped. */
  readonly stop: (how: 'orderly' | 'abandon') => void
}

export function startStatusKeeper(tools: {
  readonly save: (row: Omit<typeof status.$inferInsert, 'id'>) => void
  /** Writes the problems, before the row: a reader that sees the state must see the problems of that state. */
  readonly keepProblems: () => void
  readonly counts: () => { readonly waiting: number; readonly failed: number }
  readonly progress: () => Progress
  /** A clock that is never set, ms. */
  readonly nowMs: () => number
  /** The wall clock, ms since 1970, for times that others read. */
  readonly wallMs: () => number
}): StatusKeeper {
  const { nowMs, wallMs } = tools
  const startedMs = Math.floor(wallMs())
  const [folderRate, fileRate] = [createRate(), createRate()]
  let savedMs = 0
  let savedOffsetMs = 0
  let saved = ''

  const save = (state: StatusRow['state'] | null) => {
    tools.keepProblems()
    const progress = tools.progress()
    const { waiting, failed } = tools.counts()
    const foldersPerSecond = folderRate(progress.listed, nowMs())
    const filesPerSecond = fileRate(progress.filesHashed, nowMs())
    const row = {
      state: state ?? progress.state,
      version: VERSION,
      startedMs,
      foldersListed: progress.listed,
      foldersWaiting: progress.foldersWaiting,
      filesWaiting: waiting,
      filesFailed: failed,
      lagMs: progress.oldestHintMs === null ? 0 : Math.max(0, Math.floor(nowMs() - progress.oldestHintMs)),
      overflows: progress.overflows,
      rescans: progress.rescans,
      filesHashed: progress.filesHashed,
      foldersKnown: progress.foldersKnown,
      placesFailing: progress.placesFailing,
      isInitialScanComplete: progress.isInitialScanComplete,
      foldersUnwatched: progress.unwatched,
      watchesAllowed: progress.limits.watches.allowed,
      instancesAllowed: progress.limits.instances.allowed,
      // 0 if nothing is left to do: a decaying rate would rewrite the row and keep an idle disk awake.
      foldersPerSecond: progress.foldersWaiting === 0 ? 0 : foldersPerSecond,
      filesPerSecond: waiting === 0 ? 0 : filesPerSecond,
    }
    const now = JSON.stringify(row)
    const offsetMs = wallMs() - nowMs()
    const isClockSet = Math.abs(offsetMs - savedOffsetMs) > STEP_MS
    if (now === saved && !isClockSet && nowMs() - savedMs < IDLE_MS) return
    saved = now
    savedMs = nowMs()
    savedOffsetMs = offsetMs
    tools.save({ ...row, heartbeatMs: Math.floor(wallMs()) })
  }
  const timer = setInterval(() => save(null), BUSY_MS)
  return {
    begin: () => save(null),
    stop: (how) => {
      clearInterval(timer)
      if (how === 'orderly') save('stopped')
    },
  }
}
