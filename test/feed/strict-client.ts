/** A client that keeps the tree and complains about everything a feed must never say. */
import assert from 'node:assert/strict'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'

export type WireNode = { readonly id: string; readonly parent_id: string; readonly name: string; readonly size: number }
type Change =
  | { readonly removed: true; readonly node_id: string }
  | { readonly removed: false; readonly node: WireNode }
export type Page = { readonly cursor: number; readonly changes: readonly Change[]; readonly has_more: boolean }

export class StrictClient {
  cursor: number
  readonly nodes: Map<string, WireNode>

  constructor(cursor: number, nodes: ReadonlyMap<string, WireNode> = new Map()) {
    this.cursor = cursor
    this.nodes = new Map(nodes)
  }

  fork(): StrictClient {
    return new StrictClient(this.cursor, this.nodes)
  }

  /** One request, and what it says applied. */
  async take(url: string, maxSize: number | null): Promise<Page> {
    const size = maxSize === null ? '' : `&max_size=${maxSize}`
    const response = await fetch(`${url}/api/v1/changes?cursor=${this.cursor}${size}`)
    assert.equal(response.status, 200)
    const page = (await response.json()) as Page
    assert.ok(page.cursor >= this.cursor, 'I5: cursors only grow')
    if (maxSize !== null) assert.ok(page.changes.length <= maxSize, 'no page is larger than asked for')
    const ids = page.changes.map((change) => (change.removed ? change.node_id : change.node.id))
    assert.equal(new Set(ids).size, ids.length, 'a node is at most once in an answer')
    for (const change of page.changes) this.#apply(change)
    this.cursor = page.cursor
    return page
  }

  #apply(change: Change): void {
    if (change.removed) {
      this.nodes.delete(change.node_id)
      return
    }
    const { id, parent_id: parentId, name, size } = change.node
    assert.ok(parentId === SUPER_ROOT_ID || this.nodes.has(parentId), `I3: ${id} came before its parent ${parentId}`)
    this.nodes.set(id, { id, parent_id: parentId, name, size })
    let above = parentId
    for (let steps = 0; above !== SUPER_ROOT_ID; steps += 1) {
      assert.ok(steps <= this.nodes.size, `I3: ${id} is in a cycle`)
      const folder = this.nodes.get(above)
      // The folder was removed; what was in it is told of later.
      if (folder === undefined) break
      above = folder.parent_id
    }
  }
}
