/** Schemas of all answers. The types in the code and the OpenAPI description are both made of them. */
import { PROBLEM_CODES, type ProblemCode } from '@drive-feed/shared/problem.ts'
import { z } from 'zod'

const cursor = z.int().min(0)
const id = z.string()
const perSecond = z.number().min(0)
const count = z.int().min(0)
const time = z.iso.datetime({ offset: true })
const remaining = count.nullable().meta({ description: 'Seconds at the present rate; null if there is no rate yet.' })

const node = z.object({
  id,
  parent_id: id.nullable(),
  name: z.string(),
  is_directory: z.boolean(),
  ctime: time,
  mtime: time,
  mime_type: z.string(),
  hash: z.string().meta({ description: 'MD5 in hex; empty for directories, and until it is known.' }),
  size: count,
  is_image: z.boolean(),
  is_video: z.boolean(),
  width: count,
  height: count,
  ms_duration: count,
  path: z.string().nullable().optional().meta({ description: 'Only with include=path.' }),
})

const nodeChange = z.object({ removed: z.literal(false), node })
const nodeRemoval = z.object({
  removed: z.literal(true),
  node_id: id,
  path: z.string().nullable().optional().meta({
    description:
      'Only with include=path: the path at its removal; null if that was forgotten, or if the node only left the view.',
  }),
  name: z.string().nullable().optional().meta({
    description: 'Only with include=path: the name at its removal; null like path.',
  }),
})
const change = z.discriminatedUnion('removed', [nodeChange, nodeRemoval])

const root = z.object({
  name: z.string(),
  node_id: id,
  path: z.string(),
  state: z.enum(['starting', 'scanning', 'watching', 'offline']),
  since: time,
  message: z.string().nullable(),
  folders_unwatched: count,
  files: count,
  bytes: z.number().min(0).meta({ description: 'Total size of its files.' }),
})

const problem = z.object({
  code: z.enum(Object.keys(PROBLEM_CODES) as ProblemCode[]).meta({
    description: Object.entries(PROBLEM_CODES)
      .map(([code, what]) => `${code}: ${what}`)
      .join(' '),
  }),
  root: z
    .string()
    .nullable()
    .meta({ description: 'Name of the watched folder; null if the problem is not about a single one.' }),
  text: z.string().meta({ description: 'What is wrong, and where.' }),
  fix: z.string().meta({ description: 'What to do.' }),
  since: time,
})

const status = z.object({
  state: z.enum(['starting', 'scanning', 'watching', 'degraded', 'stopped']).meta({
    description: 'degraded: the indexer is watching but has a problem, or it has been silent for too long.',
  }),
  problems: z.array(problem).meta({ description: 'Empty if all is well.' }),
  initial_scan_complete: z.boolean().meta({
    description: 'Whether every watched folder was scanned completely at least once.',
  }),
  version: z.string(),
  epoch: z.string(),
  head: cursor,
  started: time,
  heartbeat: time,
  heartbeat_age_seconds: z.number(),
  lag_seconds: z.number().min(0).meta({ description: 'Age of the oldest event that is not yet in the feed.' }),
  roots: z.array(root),
  scan: z.object({
    folders_listed: count,
    folders_waiting: count,
    folders_per_second: perSecond,
    remaining_seconds: remaining,
  }),
  metadata: z.object({
    files_hashed: count,
    files_waiting: count,
    files_failed: count,
    files_per_second: perSecond,
    remaining_seconds: remaining,
  }),
  counters: z.object({
    overflows: count,
    rescans: count,
    places_failing: count.meta({ description: 'Places and files that failed for over a minute.' }),
  }),
  limits: z.object({
    folders_known: count,
    folders_unwatched: count,
    watches_allowed: count,
    instances_allowed: count,
  }),
  database: z.object({ wal_bytes: count.meta({ description: 'Size of its write-ahead log.' }) }),
  api: z.object({ version: z.string(), uptime_seconds: count, clients_waiting: count }),
})

export const ANSWERS = {
  Cursor: z.object({ cursor }),
  Node: node,
  Changes: z.object({ cursor, changes: z.array(change), has_more: z.boolean() }),
  Path: z.object({ path: z.string() }),
  Nodes: z.object({
    nodes: z.array(node),
    next_page: z
      .string()
      .nullable()
      .meta({ description: 'Send it as page to get the next page; null on the last one.' }),
  }),
  Paths: z.object({ paths: z.record(id, z.string().nullable()) }),
  Status: status,
  Health: z.object({ ok: z.literal(true) }),
  Readiness: z.object({ ok: z.literal(true), initial_scan_complete: z.boolean() }),
  Problem: z.object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    epoch: z.string().optional(),
    head: cursor.optional(),
  }),
}

const feedPage = ANSWERS.Changes.extend({
  epoch: z.string().optional().meta({ description: 'Goes with the cursor, like Feed-Epoch with that of an answer.' }),
})

/** Parts of answers that have a schema of their own, so that generated clients have a type for each. */
export const PARTS = {
  Change: change,
  NodeChange: nodeChange,
  NodeRemoval: nodeRemoval,
  WatchRoot: root,
  FeedPage: feedPage,
  FeedEvent: z.union([feedPage, ANSWERS.Cursor, ANSWERS.Problem]),
}

export type AnswerName = keyof typeof ANSWERS
export type Answer<Name extends AnswerName> = z.output<(typeof ANSWERS)[Name]>
