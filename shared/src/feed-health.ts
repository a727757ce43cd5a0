/** How the feed is now, by what the indexer wrote and how long ago: for the api and for `drive-feed status` alike. */
import type { DatabaseNote } from './database-note.ts'
import { HEARTBEAT_AGE_MAX_MS, heartbeatAgeMs } from './heartbeat.ts'
import type { ProblemCode } from './problem.ts'
import type { ProblemRow, StatusRow } from './schema.ts'

export type HealthSources = {
  readonly status: StatusRow
  readonly problems: readonly ProblemRow[]
  readonly note: DatabaseNote | null
  readonly nowMs: number
}

export type Problem = Pick<ProblemRow, 'code' | 'root' | 'text' | 'fix' | 'sinceMs'>

/** The problems that the indexer wrote, after those that only a reader can see, such as a silent indexer. */
export function currentProblems({ status, problems, note, nowMs }: HealthSources): Problem[] {
  const found = problems.map(({ code, root, text, fix, sinceMs }): Problem => ({ code, root, text, fix, sinceMs }))
  if (note !== null) found.unshift({ code: 'database', root: null, ...note })
  const gone = whyGone(status, nowMs)
  if (gone === null) return found
  const fix = 'start it, and see its log for what ended it'
  return [{ code: gone.code, root: null, text: gone.text, fix, sinceMs: status.heartbeatMs }, ...found]
}

/** The state that an indexer wrote last says nothing if it has gone silent since. */
export function currentState(status: StatusRow, hasProblem: boolean, nowMs: number): StatusRow['state'] | 'degraded' {
  if (status.state === 'stopped') return 'stopped'
  return whyGone(status, nowMs) !== null || (hasProblem && status.state === 'watching') ? 'degraded' : status.state
}

/** Why no indexer keeps the feed up to date; null while one does. */
export function whyGone(
  { state, heartbeatMs }: Pick<StatusRow, 'state' | 'heartbeatMs'>,
  nowMs: number,
): { readonly code: ProblemCode; readonly text: string } | null {
  if (state === 'stopped') return { code: 'indexer_stopped', text: 'The indexer was stopped.' }
  const ageMs = heartbeatAgeMs(heartbeatMs, nowMs)
  if (ageMs <= HEARTBEAT_AGE_MAX_MS) return null
  const seconds = Math.round(ageMs / 1_000)
  const text =
    heartbeatMs <= nowMs
      ? `The indexer has been silent for ${seconds} s.`
      : `The indexer was last heard of ${seconds} s ahead of now, before the clock was set back.`
  return { code: 'indexer_silent', text }
}

/** Null if nobody can tell. */
export function remainingSeconds(waiting: number, perSecond: number): number | null {
  if (waiting === 0) return 0
  return perSecond > 0 ? Math.ceil(waiting / perSecond) : null
}
