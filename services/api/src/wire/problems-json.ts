/** The problems: those that the indexer wrote, and those that only this process can see, such as a silent indexer. */
import { currentProblems, type HealthSources } from '@drive-feed/shared/feed-health.ts'
import type { Answer } from './answers.ts'
import { isoTime } from './iso-time.ts'

type ProblemJson = Answer<'Status'>['problems'][number]

export function problemsJson(sources: HealthSources): ProblemJson[] {
  return currentProblems(sources).map(({ sinceMs, ...problem }) => ({ ...problem, since: isoTime(sinceMs * 1_000) }))
}
