/** The problems: those that the indexer wrote, and those that only this process can see, such as a silent indexer. */
import type { DatabaseNote } from '@drive-feed/shared/database-note.ts'
import { HEARTBEAT_AGE_MAX_MS, heartbeatAgeMs } from '@drive-feed/shared/heartbeat.ts'
import type { ProblemCode } from '@drive-feed/shared/problem.ts'
import type { ProblemRow, StatusRow } from '@drive-feed/shared/schema.ts'
import type { Answer } from './answers.ts'
import { isoTime } from './iso-time.ts'

export type ProblemSources = {
  readonly status: StatusRow
  readonly problems: readonly ProblemRow[]
  readonly note: DatabaseNote | null
  readonly nowMs: number
}

type ProblemJson = Answer<'Status'>['problems'][number]

export function problemsJson({ status, problems, note, nowMs }: ProblemSources): ProblemJson[] {
  const gone = whyGone(status, nowMs)
  const found = problems.map(({ code, root, text, fix, sinceMs }) => ({ code, root, text, fix, since: iso(sinceMs) }))
  if (note !== null) {
    const { text, fix, sinceMs } = note
    found.unshift({ code: 'database', root: null, text, fix, since: iso(sinceMs) })
  }
  if (gone !== null) {
    const fix = 'start it, and see its log for what ended it'
    found.unshift({ code: gone.code, root: null, text: gone.text, fix, since: iso(status.heartbeatMs) })
  }
  return found
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

function iso(ms: number): string {
  return isoTime(ms * 1_000)
}
