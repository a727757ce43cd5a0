/**
 * A client of the change feed, for Node and browsers, without dependencies.
 *
 *     const feed = createFeed({ url: 'http://nas:8080' })
 *     for await (const page of feed.changes({ cursor, wait: 30 })) …
 */
import { type ChangesOptions, type FeedPage, readChanges } from './changes.ts'
import { type EventsOptions, readEventPages } from './events.ts'
import { FeedRequestError } from './feed-error.ts'
import { type FollowOptions, type FollowUpdate, follow } from './follow.ts'
import { createRequests, type Requests, type Retry, type Surroundings } from './requests.ts'
import { sleep } from './sleep.ts'
import type { FeedNode } from './wire.ts'

export type { ChangesOptions, FeedPage, Position } from './changes.ts'
export type { EventsOptions } from './events.ts'
export { FeedGoneError, FeedRequestError } from './feed-error.ts'
export type { FollowOptions, FollowState, FollowUpdate } from './follow.ts'
export { placeOf, type Tree, type TreeChange } from './tree.ts'
export * from './wire.ts'

export type FeedOptions = {
  /** The address of the api, such as `http://nas:8080`. */
  readonly url: string
  /** The api's `api_token`, if it is set. */
  readonly token?: string
  /** Limit for one whole answer, not counting the long poll. */
  readonly timeoutMs?: number
  /** The delays between attempts: a request is retried until it is answered or aborted. */
  readonly retry?: Partial<Retry>
  /** Replaces functions of the environment: for tests, and for callers with a `fetch` of their own. */
  readonly surroundings?: Partial<Surroundings>
}

type Single = { readonly signal?: AbortSignal }

export type Feed = {
  /** The pages after a cursor. With `wait` they never end. */
  readonly changes: (options?: ChangesOptions) => AsyncGenerator<FeedPage>
  /** The same pages, pushed by the server. They never end. */
  readonly events: (options?: EventsOptions) => AsyncGenerator<FeedPage>
  /** The tree, kept up to date. Starts over by itself if the server's database was replaced. */
  readonly follow: (options?: FollowOptions) => AsyncGenerator<FollowUpdate>
  /** The newest cursor. */
  readonly cursor: (options?: Single) => Promise<number>
  /** Null if there is no such node. */
  readonly node: (id: string, options?: Single) => Promise<FeedNode | null>
  /** Full paths on the server's disk, null for unknown ids. */
  readonly paths: (ids: readonly string[], options?: Single) => Promise<ReadonlyMap<string, string | null>>
  /** The nodes in a folder, by name. */
  readonly children: (id: string, options?: Single) => AsyncGenerator<FeedNode>
  /** The node at a full path, or the files with an MD5. */
  readonly find: (what: { path: string } | { hash: string }, options?: Single) => AsyncGenerator<FeedNode>
}

const DEFAULTS = { timeoutMs: 60_000, firstMs: 500, maxMs: 30_000 }
/** The server's limit of ids in one request for paths. */
const PATHS_MAX = 100

/** @throws {TypeError} if `url` is not a URL */
export function createFeed({ url, token, timeoutMs, retry, surroundings }: FeedOptions): Feed {
  const requests = createRequests({
    url,
    token,
    timeoutMs: timeoutMs ?? DEFAULTS.timeoutMs,
    retry: { firstMs: DEFAULTS.firstMs, maxMs: DEFAULTS.maxMs, ...retry },
    surroundings: { fetch: globalThis.fetch, random: Math.random, sleep, ...surroundings },
  })
  return {
    changes: (options = {}) => readChanges(requests, options),
    events: (options = {}) => readEventPages(requests, options),
    follow: (options = {}) => follow(requests, options),
    cursor: async (options) => (await requests.json<{ cursor: number }>({ path: 'cursor', ...options })).body.cursor,
    node: (id, options) => readNode(requests, id, options),
    paths: (ids, options) => readPaths(requests, ids, options),
    children: (id, options) => readNodes(requests, `nodes/${encodeURIComponent(id)}/children`, {}, options),
    find: (what, options) => readNodes(requests, 'nodes', what, options),
  }
}

async function readNode(requests: Requests, id: string, options?: Single): Promise<FeedNode | null> {
  try {
    return (await requests.json<FeedNode>({ path: `nodes/${encodeURIComponent(id)}`, ...options })).body
  } catch (error) {
    if (error instanceof FeedRequestError && error.status === 404) return null
    throw error
  }
}

async function readPaths(requests: Requests, ids: readonly string[], options?: Single) {
  const found = new Map<string, string | null>()
  for (let at = 0; at < ids.length; at += PATHS_MAX) {
    const query = { id: ids.slice(at, at + PATHS_MAX) }
    const { body } = await requests.json<{ paths: Record<string, string | null> }>({ path: 'paths', query, ...options })
    for (const [id, path] of Object.entries(body.paths)) found.set(id, path)
  }
  return found
}

type NodesAnswer = { readonly nodes: readonly FeedNode[]; readonly next_page: string | null }

async function* readNodes(requests: Requests, path: string, what: Record<string, string>, options?: Single) {
  let page: string | undefined
  do {
    const { body } = await requests.json<NodesAnswer>({ path, query: { ...what, page }, ...options })
    yield* body.nodes
    page = body.next_page ?? undefined
  } while (page !== undefined)
}
