/**
 * The client of tests: reads `/changes`, keeps the tree, and checks every answer. A client of the whole tree checks the
 * order too. With a filter, a node's parent need not be among the client's nodes.
 */
import assert from 'node:assert/strict'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { ChangesPage, FeedChange, FeedNode } from '../../client/src/wire.ts'
import { get } from './http-get.ts'

export type FeedClientOptions = {
  /** Default: the beginning. */
  readonly cursor?: number
  readonly nodes?: ReadonlyMap<string, FeedNode>
  /** `max_size` of its requests; null, the default, leaves it out. */
  readonly maxSize?: number | null
  /** Parameters that filter the changes. */
  readonly filters?: { readonly under?: string; readonly type?: string; readonly settled?: string }
  /** Sends the epoch of its cursor, and starts over when the answer is 410. */
  readonly sendsEpoch?: boolean
}

/** A longer answer is read in pieces, between which a folder may be missing: see I4 in `changes-reader.ts`. */
const SHORT_CHANGES = 1_000

export class FeedClient {
  cursor: number
  /** The epoch of its cursor, from the last answer. */
  epoch: string | null = null
  readonly nodes: Map<string, FeedNode>
  readonly #url: string
  readonly #options: FeedClientOptions

  /** @param url where the api answers, as `http://127.0.0.1:8080` */
  constructor(url: string, options: FeedClientOptions = {}) {
    this.#url = url
    this.#options = options
    this.cursor = options.cursor ?? 0
    this.nodes = new Map(options.nodes)
  }

  /** Makes another client that goes on from here. */
  fork(): FeedClient {
    const fork = new FeedClient(this.#url, { ...this.#options, cursor: this.cursor, nodes: this.nodes })
    fork.epoch = this.epoch
    return fork
  }

  /** Forgets everything. */
  startOver(): void {
    this.cursor = 0
    this.epoch = null
    this.nodes.clear()
  }

  /** Requests one page and applies it. */
  async take(maxSize = this.#options.maxSize ?? null): Promise<ChangesPage> {
    const { filters = {}, sendsEpoch = false } = this.#options
    const query = new URLSearchParams({ ...filters, cursor: String(this.cursor) })
    if (maxSize !== null) query.set('max_size', String(maxSize))
    if (sendsEpoch && this.epoch !== null) query.set('epoch', this.epoch)
    const { response, text } = await get(`${this.#url}/api/v1/changes?${query}`)
    if (response.status === 410 && sendsEpoch) {
      this.startOver()
      return this.take(maxSize)
    }
    assert.equal(response.status, 200, text)
    const page = JSON.parse(text) as ChangesPage
    if (!sendsEpoch) assert.ok(page.cursor >= this.cursor, `I5: the cursor fell from ${this.cursor} to ${page.cursor}`)
    if (maxSize !== null) assert.ok(page.changes.length <= maxSize, 'no page is larger than asked for')
    const ids = page.changes.map((change) => (change.removed ? change.node_id : change.node.id))
    assert.equal(new Set(ids).size, ids.length, 'a node is at most once in an answer')
    for (const change of page.changes) this.#apply(change)
    this.cursor = page.cursor
    this.epoch = response.headers.get('Feed-Epoch')
    return page
  }

  /** Requests page after page until there are no more. Gives all changes in order. */
  async poll(): Promise<FeedChange[]> {
    const all: FeedChange[] = []
    for (let hasMore = true; hasMore; ) {
      const page = await this.take()
      all.push(...page.changes)
      hasMore = page.has_more
      if (!hasMore && page.changes.length <= SHORT_CHANGES) this.#assertNoOrphans()
    }
    return all
  }

  #apply(change: FeedChange): void {
    if (change.removed) {
      this.nodes.delete(change.node_id)
      return
    }
    const { node } = change
    this.nodes.set(node.id, node)
    if (this.#options.filters === undefined) this.#assertBelowKnown(node)
  }

  #assertBelowKnown({ id, name, parent_id: parentId }: FeedNode): void {
    assert.ok(this.#isKnown(parentId), `I3: ${name} came before its parent ${parentId}`)
    let above = parentId
    // A folder further up may be missing: it was removed, and the next answer has the new places of what was in it.
    for (let steps = 0; above !== SUPER_ROOT_ID && above !== null; steps += 1) {
      assert.ok(steps <= this.nodes.size, `I3: ${id} is in a cycle`)
      above = this.nodes.get(above)?.parent_id ?? null
    }
  }

  #assertNoOrphans(): void {
    for (const { id, parent_id: parentId } of this.nodes.values()) {
      assert.ok(this.#isKnown(parentId), `I4: node ${id} outlived its parent`)
    }
  }

  #isKnown(parentId: string | null): boolean {
    return parentId === SUPER_ROOT_ID || this.nodes.has(parentId ?? '')
  }
}
