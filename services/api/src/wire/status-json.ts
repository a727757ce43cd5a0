/** What the indexer wrote of itself, and what the api knows, to the object of `/api/v1/status`. */
import { heartbeatAgeMs } from '@drive-feed/shared/heartbeat.ts'
import type { StatusRow, WatchRootRow } from '@drive-feed/shared/schema.ts'
import type { FeedState } from '../queries.ts'
import type { Answer } from './answers.ts'
import { isoTime } from './iso-time.ts'

/** This process. */
export type ApiState = { readonly version: string; readonly uptimeSeconds: number; readonly clientsWaiting: number }

export type StatusSources = {
  readonly feed: FeedState
  readonly status: StatusRow
  readonly roots: readonly WatchRootRow[]
  readonly api: ApiState
  readonly nowMs: number
}

export function statusJson({ feed, status, roots, api, nowMs }: StatusSources): Answer<'Status'> {
  return {
    state: status.state,
    version: status.version,
    epoch: feed.epoch,
    head: feed.head,
    started: isoTime(status.startedMs * 1_000),
    heartbeat: isoTime(status.heartbeatMs * 1_000),
    heartbeat_age_seconds: heartbeatAgeMs(status.heartbeatMs, nowMs) / 1_000,
    lag_seconds: status.lagMs / 1_000,
    roots: roots.map(rootJson),
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
    api: { version: api.version, uptime_seconds: api.uptimeSeconds, clients_waiting: api.clientsWaiting },
  }
}

function rootJson(root: WatchRootRow): Answer<'Status'>['roots'][number] {
  return {
    name: root.name,
    node_id: root.nodeId,
    path: root.path,
    state: root.state,
    since: isoTime(root.stateSinceMs * 1_000),
    message: root.message,
    folders_unwatched: root.unwatchedFolders,
  }
}

function remainingSeconds(waiting: number, perSecond: number): number | null {
  if (waiting === 0) return 0
  return perSecond > 0 ? Math.ceil(waiting / perSecond) : null
}
