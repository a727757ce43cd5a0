/** What the api answers, as schemas: the types of the code and the OpenAPI description both come from here. */
import { PROBLEM_CODES, type ProblemCode } from '@drive-feed/shared/problem.ts'
import { z } from 'zod'

const cursor = z.int().min(0)
const id = z.string()
const perSecond = z.number().min(0)
const count = z.int().min(0)
const time = z.iso.datetime({ offset: true })
const remaining = count.nullable().meta({ description: 'Seconds at the present rate; null when that is not known.' })

const node = z.object({
  id,
  parent_id: id.nullable(),
  name: z.string(),
  is_directory: z.boolean(),
  ctime: time,
  mtime: time,
  mime_type: z.string(),
  hash: z.string().meta({ description: 'MD5 in hex; empty for directories and while it is not known.' }),
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
    description: 'Only with include=path: where it was; null where that is not known any more, or it is still there.',
  }),
  name: z.string().nullable().optional().meta({ description: 'Only with include=path: as it was called, or null.' }),
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
  bytes: z.number().min(0).meta({ description: 'Of all its files together.' }),
})

const problem = z.object({
  code: z.enum(Object.keys(PROBLEM_CODES) as ProblemCode[]).meta({
    description: Object.entries(PROBLEM_CODES)
      .map(([code, what]) => `${code}: ${what}`)
      .join(' '),
  }),
  root: z.string().nullable().meta({ description: 'Name of the watched folder; null where it is about none or all.' }),
  text: z.string().meta({ description: 'What is wrong and where.' }),
  fix: z.string().meta({ description: 'What to do.' }),
  since: time,
})

const status = z.object({
  state: z.enum(['starting', 'scanning', 'watching', 'degraded', 'stopped']).meta({
    description: 'degraded: it would be watching, or nobody heard of it for long, and there is a problem.',
  }),
  problems: z.array(problem).meta({ description: 'What is not well; empty if all is.' }),
  initial_scan_complete: z.boolean().meta({ description: 'Whether every watched folder was ever scanned to its end.' }),
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
    places_failing: count.meta({ description: 'Places and files tried for over a minute without a result.' }),
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
    next_page: z.string().nullable().meta({ description: 'Goes into page= for what follows; null at the end.' }),
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
  epoch: z.string().optional().meta({ description: 'Goes with the cursor, as Feed-Epoch does with an answer.' }),
})

/** What answers are made of and clients want a name for. */
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
