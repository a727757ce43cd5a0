/** The metrics in the text format of Prometheus. Loaded at the first scrape, because the library takes 20 MB. */

import { PROBLEM_CODES, type ProblemCode } from '@drive-feed/shared/problem.ts'
import { Counter, Gauge, Registry } from '@prometheus-io/client'
import type { RequestCount } from '../http/request-counts.ts'
import type { Answer } from '../wire/answers.ts'

export type MetricSources = {
  /** Null while the database can't be read, and before an indexer has written to it. */
  readonly status: Answer<'Status'> | null
  readonly requests: readonly RequestCount[]
  readonly process: { readonly residentBytes: number; readonly cpuSeconds: number; readonly startedMs: number }
  readonly clientsWaiting: number
  readonly connectionsDropped: number
  /** Size of the database's write-ahead log; 0 if there is none. */
  readonly walBytes: number
}

/** Builds every metric anew from its sources: nothing is kept between two scrapes. */
export async function metricsText(sources: MetricSources): Promise<string> {
  const { status, requests, process, clientsWaiting, connectionsDropped, walBytes } = sources
  const registers = [new Registry()]
  const gauge = (name: string, help: string, value: number) => new Gauge({ name, help, registers }).set(value)
  const counter = (name: string, help: string, value: number) => new Counter({ name, help, registers }).inc(value)

  gauge('process_resident_memory_bytes', 'Memory of this api process.', process.residentBytes)
  counter('process_cpu_seconds_total', 'Processor time of this api process.', process.cpuSeconds)
  gauge('process_start_time_seconds', 'When this api process started, since 1970.', process.startedMs / 1_000)
  gauge('drive_feed_clients_waiting', 'Clients in a long poll or an event stream.', clientsWaiting)
  counter('drive_feed_connections_dropped_total', 'Connections refused beyond the limits.', connectionsDropped)
  addRequests(requests, registers)
  gauge('drive_feed_database_up', 'Whether the feed can be read.', status === null ? 0 : 1)
  gauge('drive_feed_wal_bytes', "Size of the database's write-ahead log.", walBytes)
  addProblems(status?.problems.map(({ code }) => code) ?? ['database'], registers)
  if (status === null) return (registers[0] as Registry).metrics()

  gauge('drive_feed_head', 'The newest cursor.', status.head)
  gauge(
    'drive_feed_heartbeat_age_seconds',
    'Age of the status that the indexer wrote last.',
    status.heartbeat_age_seconds,
  )
  gauge('drive_feed_lag_seconds', 'Age of the oldest event that is not yet in the feed.', status.lag_seconds)
  gauge('drive_feed_folders_waiting', 'Folders that the running scan has yet to list.', status.scan.folders_waiting)
  gauge('drive_feed_folders_per_second', 'Folders listed per second at present.', status.scan.folders_per_second)
  gauge('drive_feed_files_waiting', 'Files that have no hash yet.', status.metadata.files_waiting)
  gauge('drive_feed_files_failed', 'Files whose metadata could not be read.', status.metadata.files_failed)
  gauge('drive_feed_files_per_second', 'Files read per second at present.', status.metadata.files_per_second)
  counter('drive_feed_files_hashed_total', 'Files read since the indexer started.', status.metadata.files_hashed)
  counter('drive_feed_overflows_total', 'Times the kernel lost events.', status.counters.overflows)
  counter('drive_feed_rescans_total', 'Scans since the indexer started, without the first.', status.counters.rescans)
  gauge('drive_feed_places_failing', 'Places that failed for over a minute.', status.counters.places_failing)
  gauge('drive_feed_folders_known', 'Folders in the tree; each needs a watch.', status.limits.folders_known)
  gauge('drive_feed_folders_unwatched', 'Folders without a watch.', status.limits.folders_unwatched)
  gauge('drive_feed_watches_allowed', 'Watches that the kernel allows one user.', status.limits.watches_allowed)
  const isScanned = status.initial_scan_complete ? 1 : 0
  gauge(
    'drive_feed_initial_scan_complete',
    'Whether every watched folder was scanned completely at least once.',
    isScanned,
  )
  addRoots(status.roots, registers)
  return (registers[0] as Registry).metrics()
}

function addRequests(requests: readonly RequestCount[], registers: Registry[]): void {
  const labelNames = ['route', 'status'] as const
  const count = new Counter({
    name: 'drive_feed_http_requests_total',
    help: 'Requests answered.',
    labelNames,
    registers,
  })
  const seconds = new Counter({
    name: 'drive_feed_http_request_seconds_total',
    help: 'Time from the request to the end of the answer, including long polls.',
    labelNames,
    registers,
  })
  for (const request of requests) {
    const labels = { route: request.route, status: request.status }
    count.inc(labels, request.count)
    seconds.inc(labels, request.seconds)
  }
}

/** Every code has a series at all times: an alert on a series that disappears with its problem would never resolve. */
function addProblems(found: readonly ProblemCode[], registers: Registry[]): void {
  const problems = new Gauge({
    name: 'drive_feed_problems',
    help: 'Problems that need the owner; /api/v1/status says what to do.',
    labelNames: ['code'],
    registers,
  })
  for (const code of Object.keys(PROBLEM_CODES)) problems.set({ code }, found.filter((one) => one === code).length)
}

function addRoots(roots: Answer<'Status'>['roots'], registers: Registry[]): void {
  const online = new Gauge({
    name: 'drive_feed_root_online',
    help: 'Whether a watched folder is online.',
    labelNames: ['root', 'state'],
    registers,
  })
  const labelNames = ['root'] as const
  const files = new Gauge({ name: 'drive_feed_files', help: 'Files in the watched folder.', labelNames, registers })
  const bytes = new Gauge({ name: 'drive_feed_bytes', help: 'Size of these files in bytes.', labelNames, registers })
  for (const root of roots) {
    online.set({ root: root.name, state: root.state }, root.state === 'offline' ? 0 : 1)
    files.set({ root: root.name }, root.files)
    bytes.set({ root: root.name }, root.bytes)
  }
}
