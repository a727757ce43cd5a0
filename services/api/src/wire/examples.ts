/** Examples of parameters and answers for the OpenAPI description: the folder of sample files of docs/api.md. */
import type { Answer, AnswerName } from './answers.ts'
import { makePageToken } from './page-token.ts'
import type { Refusal } from './refusal.ts'
import { DATABASE_AWAY, gone, NO_HOST, NO_SUCH_NODE, NO_TOKEN, OTHER_DATABASE } from './refusals.ts'

export const EXAMPLES = {
  epoch: 'a0b5ed1b-c945-49a7-8b0e-c626aec1d62c.3f0c5b1e9a7d2468',
  eventId: '57.3f0c5b1e9a7d2468',
  folderId: 'cf3d09b8-678b-5429-af18-2d1f9cfac7e3',
  fileId: 'a1d2a12f-a729-5531-8b4e-de58d628ecbe',
  removedId: 'fec83c8e-aa9a-5e33-8733-6151672139f1',
  path: '/mnt/media/photos/i.jpg',
  hash: 'fd47c22f88b738ccc918064119a2e5f3',
  nextPage: makePageToken({ name: 'i.jpg', row: 31 }),
} as const

const NODE: Answer<'Node'> = {
  id: EXAMPLES.fileId,
  parent_id: EXAMPLES.folderId,
  name: 'i.jpg',
  is_directory: false,
  ctime: '2026-03-04T12:00:00.099452+00:00',
  mtime: '2026-03-04T12:00:00+00:00',
  mime_type: 'image/jpeg',
  hash: EXAMPLES.hash,
  size: 9_833,
  is_image: true,
  is_video: false,
  width: 640,
  height: 360,
  ms_duration: 0,
}

const STATUS: Answer<'Status'> = {
  state: 'watching',
  version: '0.1.0',
  epoch: EXAMPLES.epoch,
  head: 57,
  problems: [],
  initial_scan_complete: true,
  started: '2026-03-04T12:00:00.512000+00:00',
  heartbeat: '2026-03-04T12:34:00.518000+00:00',
  heartbeat_age_seconds: 3.568,
  lag_seconds: 0,
  roots: [
    {
      name: 'media',
      node_id: '188f654f-5bb3-5d28-82e1-c8ae6b0b2cbd',
      path: '/mnt/media',
      state: 'watching',
      since: '2026-03-04T12:00:01.204000+00:00',
      message: null,
      folders_unwatched: 0,
      files: 26,
      bytes: 73_400_320,
    },
  ],
  scan: { folders_listed: 3, folders_waiting: 0, folders_per_second: 0, remaining_seconds: 0 },
  metadata: { files_hashed: 26, files_waiting: 0, files_failed: 0, files_per_second: 0, remaining_seconds: 0 },
  counters: { overflows: 0, rescans: 0, places_failing: 0 },
  limits: { folders_known: 3, folders_unwatched: 0, watches_allowed: 192_536, instances_allowed: 128 },
  database: { wal_bytes: 449_112 },
  api: { version: '0.1.0', uptime_seconds: 6, clients_waiting: 0 },
}

export const ANSWER_EXAMPLES: { readonly [Name in Exclude<AnswerName, 'Problem'>]: Answer<Name> } = {
  Cursor: { cursor: 57 },
  Node: NODE,
  Changes: {
    cursor: 57,
    changes: [
      { removed: false, node: NODE },
      { removed: true, node_id: EXAMPLES.removedId },
    ],
    has_more: false,
  },
  Path: { path: EXAMPLES.path },
  Nodes: { nodes: [{ ...NODE, path: EXAMPLES.path }], next_page: EXAMPLES.nextPage },
  Paths: { paths: { [EXAMPLES.fileId]: EXAMPLES.path, [EXAMPLES.removedId]: null } },
  Status: STATUS,
  Health: { ok: true },
  Readiness: { ok: true, initial_scan_complete: true },
}

/** Refusals by their status. */
export const REFUSAL_EXAMPLES: Readonly<Record<number, Refusal>> = {
  400: NO_HOST,
  401: NO_TOKEN,
  404: NO_SUCH_NODE,
  410: gone(OTHER_DATABASE, { epoch: EXAMPLES.epoch, head: 57 }),
  503: DATABASE_AWAY,
}
