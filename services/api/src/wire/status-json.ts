/** The answer of `/api/v1/status`: the indexer's own status, and what only the api knows. */
import { currentState, type HealthSources, remainingSeconds } from '@drive-feed/shared/feed-health.ts'
import { heartbeatAgeMs } from '@drive-feed/shared/heartbeat.ts'
import type { RootTotalsRow, WatchRootRow } from '@drive-feed/shared/schema.ts'
import type { FeedState } from '../feed/feed-state.ts'
import type { Answer } from './answers.ts'
import { isoTime } from './iso-time.ts'
import { problemsJson } from './problems-json.ts'

/** The state of this process. */
export type ApiState = { readonly version: string; readonly uptimeSeconds: number; readonly clientsWaiting: number }

export type StatusSources = HealthSources & {
  readonly feed: FeedState
  readonly roots: readonly WatchRootRow[]
  readonly totals: readonly RootTotalsRow[]
  readonly walBytes: number
  readonly api: ApiState
}

export function statusJson(sources: StatusSources): Answer<'Status'> {
  const { feed, status, roots, totals, walBytes, api, nowMs } = sources
  const problems = problemsJson(sources)
  return {
    state: currentState(status, problems.length > 0, nowMs),
    problems,
    initial_scan_complete: status.isInitialScanComplete,
    version: status.version,
    epoch: feed.epoch,
    head: feed.head,
    started: isoTime(status.startedMs * 1_000),
    heartbeat: isoTime(status.heartbeatMs * 1_000),
    heartbeat_age_seconds: heartbeatAgeMs(status.heartbeatMs, nowMs) / 1_000,
    lag_seconds: status.lagMs / 1_000,
    roots: roots.map((root) =>
      rootJson(
        root,
        totals.find(({ nodeId }) => nodeId === root.nodeId),
      ),
    ),
    scan: {
      folders_listed: status.foldersListed,
      folders_waiting: status.foldersWaiting,
      folders_per_second: status.foldersPerSecond,
      remaining_seconds: remainingSeconds(status.foldersWaiting, status.foldersPerSecond),
    },
    metadata: {
      files_hashed: status.filesHashed,
      files_waiting: status.filesWaiting,
      files_failed: status.filesFailed,
      files_per_second: status.filesPerSecond,
      remaining_seconds: remainingSeconds(status.filesWaiting, status.filesPerSecond),
    },
    counters: { overflows: status.overflows, rescans: status.rescans, places_failing: status.placesFailing },
    limits: {
      folders_known: status.foldersKnown,
      folders_unwatched: status.foldersUnwatched,
      watches_allowed: status.watchesAllowed,
      instances_allowed: status.instancesAllowed,
    },
    database: { wal_bytes: walBytes },
    api: { version: api.version, uptime_seconds: api.uptimeSeconds, clients_waiting: api.clientsWaiting },
  }
}

function rootJson(root: WatchRootRow, totals: RootTotalsRow | undefined): Answer<'Status'>['roots'][number] {
  return {
    name: root.name,
    node_id: root.nodeId,
    path: root.path,
    state: root.state,
    since: isoTime(root.stateSinceMs * 1_000),
    message: root.message,
    folders_unwatched: root.unwatchedFolders,
    files: totals?.files ?? 0,
    bytes: Number(totals?.bytes ?? 0),
  }
}
