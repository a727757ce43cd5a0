/** Keeps the status row: every second while there is work, once a minute otherwise, so that a resting disk may rest. */
import type { StatusRow, status } from '@drive-feed/shared/schema.ts'
import { VERSION } from '@drive-feed/shared/version.ts'
import { createRate } from './rate.ts'

const BUSY_MS = 1_000
const IDLE_MS = 60_000
/** The wall clock was set, or the machine slept, when it moved against the other one by more than this. */
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
  /** Places and files that have been tried in vain for long. */
  readonly placesFailing: number
  /** Folders that have no watch. */
  readonly unwatched: number
  readonly limits: { readonly watches: { readonly allowed: number }; readonly instances: { readonly allowed: number } }
  readonly overflows: number
  /** When the longest waiting place was noticed, ms since 1970; null if none waits. */
  readonly oldestHintMs: number | null
}

export type StatusKeeper = {
  /** Takes the place of what an earlier run said, which had other roots perhaps. */
  readonly begin: () => void
  /** `orderly` says in the row that the indexer stopped. */
  readonly stop: (how: 'orderly' | 'abandon') => void
}

export function startStatusKeeper(tools: {
  readonly save: (row: Omit<typeof status.$inferInsert, 'id'>) => void
  /** Writes what is not well, before the row: who reads that all is watched must find it there. */
  readonly keepProblems: () => void
  readonly counts: () => { readonly waiting: number; readonly failed: number }
  readonly progress: () => Progress
  /** A clock that never jumps. */
  readonly nowMs: () => number
  /** The clock that others have, too: what they read goes by it. */
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
      // Of work that is done there is no speed; nor does a number that fades keep a resting disk awake.
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
