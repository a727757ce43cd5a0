/** A client of the feed: reads pages over HTTP and keeps what they say, checking the order in which they say it. */
import assert from 'node:assert/strict'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'

export type WireNode = {
  readonly id: string
  readonly parent_id: string | null
  readonly name: string
  readonly is_directory: boolean
  readonly ctime: string
  readonly mtime: string
  readonly mime_type: string
  readonly hash: string
  readonly size: number
  readonly is_image: boolean
  readonly is_video: boolean
  readonly width: number
  readonly height: number
  readonly ms_duration: number
}
export type WireChange =
  | { readonly removed: true; readonly node_id: string }
  | { readonly removed: false; readonly node: WireNode }
export type WirePage = { readonly cursor: number; readonly changes: WireChange[]; readonly has_more: boolean }

export type FeedClient = {
  readonly cursor: () => number
  readonly nodes: ReadonlyMap<string, WireNode>
  /** Reads page after page until there is no more; gives all changes in order. */
  readonly poll: () => Promise<WireChange[]>
  /** Another client that goes on from here. */
  readonly fork: () => FeedClient
}

const REQUEST_MS = 60_000
/** An answer of so many changes at most leaves its client with a whole tree. */
const READ_AT_ONCE = 1_000

export async function getJson<T>(url: string): Promise<T> {
  const { status, text } = await get(url)
  assert.equal(status, 200, `${url}: ${text}`)
  return JSON.parse(text) as T
}

async function get(url: string): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_MS) })
    return { status: response.status, text: await response.text() }
  } catch (error) {
    // "fetch failed" alone tells nothing.
    throw new Error(`${url}: ${(error as Error).message}: ${String((error as Error).cause)}`, { cause: error })
  }
}

/** @param maxSize `max_size` of its requests; null asks for everything at once */
export function createFeedClient(
  baseUrl: string,
  maxSize: number | null,
  from: { readonly cursor: number; readonly nodes: ReadonlyMap<string, WireNode> } = { cursor: 0, nodes: new Map() },
): FeedClient {
  const nodes = new Map(from.nodes)
  let { cursor } = from
  const poll = async () => {
    const all: WireChange[] = []
    for (let hasMore = true; hasMore; ) {
      const size = maxSize === null ? '' : `&max_size=${maxSize}`
      const page = await getJson<WirePage>(`${baseUrl}/api/v1/changes?cursor=${cursor}${size}`)
      assert.ok(page.cursor >= cursor, `I5: the cursor fell from ${cursor} to ${page.cursor}`)
      for (const change of page.changes) apply(nodes, change)
      all.push(...page.changes)
      cursor = page.cursor
      hasMore = page.has_more
      // A longer one is read in pieces: of what leaves a folder and changes again meanwhile, the next answer tells.
      if (!hasMore && page.changes.length <= READ_AT_ONCE) assertNoOrphans(nodes)
    }
    return all
  }
  return {
    cursor: () => cursor,
    nodes,
    poll,
    fork: () => createFeedClient(baseUrl, maxSize, { cursor, nodes }),
  }
}

function apply(nodes: Map<string, WireNode>, change: WireChange): void {
  if (change.removed) {
    nodes.delete(change.node_id)
    return
  }
  const { node } = change
  const parentId = node.parent_id ?? ''
  assert.ok(parentId === SUPER_ROOT_ID || nodes.has(parentId), `I3: ${node.name} came before its parent ${parentId}`)
  nodes.set(node.id, node)
}

function assertNoOrphans(nodes: ReadonlyMap<string, WireNode>): void {
  for (const { id, parent_id: parentId } of nodes.values()) {
    if (parentId !== SUPER_ROOT_ID) assert.ok(nodes.has(parentId ?? ''), `I4: node ${id} outlived its parent`)
  }
}

/** Microseconds since 1970 of the wire's times; beyond the year 2255 the nearest double. */
export function microsecondsOf(iso: string): number {
  const [, seconds, fraction] = /^(.*?)(?:\.(\d{6}))?\+00:00$/.exec(iso) ?? []
  return Number(BigInt(Date.parse(`${seconds}Z`)) * 1000n + BigInt(fraction ?? 0))
}
