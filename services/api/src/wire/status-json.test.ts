/** Shows how rows of the database become the JSON of the status: keys, units and derived values. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StatusRow } from '@drive-feed/shared/schema.ts'
import { statusJson } from './status-json.ts'

const ROW: StatusRow = {
  ...{ id: 1, state: 'scanning', version: '1.2.3', startedMs: 1_000, heartbeatMs: 60_000 },
  ...{
    foldersListed: 10,
    foldersWaiting: 25,
    filesWaiting: 90,
    filesFailed: 2,
    lagMs: 1_500,
    overflows: 3,
    rescans: 4,
  },
  ...{ filesHashed: 7, foldersKnown: 35, foldersUnwatched: 5, watchesAllowed: 30, instancesAllowed: 128 },
  ...{ foldersPerSecond: 10, filesPerSecond: 0, placesFailing: 0, isInitialScanComplete: true },
}
const SOURCES = {
  feed: { epoch: 'e', head: 42, roots: '' },
  ...{ problems: [], note: null, walBytes: 4_152, totals: [{ nodeId: 'm', files: 3, bytes: '9007199254740993' }] },
  roots: [
    {
      ...{
        name: 'media',
        nodeId: 'm',
        path: '/mnt/media',
        configuredPath: '/mnt/media',
        state: 'offline' as const,
        stateSinceMs: 2_500,
      },
      ...{ message: 'is away', unwatchedFolders: 5, wasScanned: true },
    },
  ],
  api: { version: '1.2.4', uptimeSeconds: 12, clientsWaiting: 3 },
  nowMs: 61_250,
}

test('everything the indexer says of itself, in units that are in the names', () => {
  assert.deepEqual(statusJson({ ...SOURCES, status: ROW }), {
    ...{ state: 'scanning', problems: [], initial_scan_complete: true, version: '1.2.3', epoch: 'e', head: 42 },
    ...{ started: '1970-01-01T00:00:01+00:00', heartbeat: '1970-01-01T00:01:00+00:00' },
    ...{ heartbeat_age_seconds: 1.25, lag_seconds: 1.5 },
    roots: [
      {
        ...{
          name: 'media',
          node_id: 'm',
          path: '/mnt/media',
          state: 'offline',
          message: 'is away',
        },
        ...{ since: '1970-01-01T00:00:02.500000+00:00', folders_unwatched: 5, files: 3, bytes: 9007199254740992 },
      },
    ],
    scan: { folders_listed: 10, folders_waiting: 25, folders_per_second: 10, remaining_seconds: 3 },
    metadata: {
      ...{ files_hashed: 7, files_waiting: 90, files_failed: 2, files_per_second: 0 },
      remaining_seconds: null,
    },
    counters: { overflows: 3, rescans: 4, places_failing: 0 },
    limits: { folders_known: 35, folders_unwatched: 5, watches_allowed: 30, instances_allowed: 128 },
    database: { wal_bytes: 4_152 },
    api: { version: '1.2.4', uptime_seconds: 12, clients_waiting: 3 },
  })
})

test('nothing left takes no time, and a heartbeat a little ahead is of now', () => {
  const status = { ...ROW, filesWaiting: 0, heartbeatMs: 99_000 }
  const json = statusJson({ ...SOURCES, status })
  assert.equal(json.metadata.remaining_seconds, 0)
  assert.equal(json.heartbeat_age_seconds, 0)
})
