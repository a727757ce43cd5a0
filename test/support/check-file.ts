/** Checks what must be true of the database file after every transaction. */
import assert from 'node:assert/strict'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import { type ChangeLine, liveNodes } from './log-client.ts'

/** I3, I11, one row a node, and totals that are right. */
export function checkFile(db: FeedDatabase): void {
  const nodes = liveNodes(db)
  const byId = new Map(nodes.map((node) => [node.nodeId, node]))
  const places = new Set<string>()
  for (const { parentId, name, changeId } of nodes) {
    const place = `${parentId}/${name}`
    assert.ok(!places.has(place), `I11: two nodes at ${place}`)
    places.add(place)
    const parent = byId.get(parentId)
    assert.ok(parent !== undefined || parentId === SUPER_ROOT_ID, `${name} hangs under nothing`)
    assert.ok(parent === undefined || parent.isDirectory === 1, `${name} is below a file`)
    assert.ok(parent === undefined || parent.changeId < changeId, `I3: ${name} comes before its parent`)
  }
  const rows = db.sqlite
    .prepare<[], ChangeLine>(
      `SELECT change_id AS changeId, node_id AS nodeId, is_removed AS isRemoved, first_change_id AS firstChangeId
       FROM changes`,
    )
    .all()
  const seen = new Set<string>()
  for (const { changeId, nodeId, isRemoved, firstChangeId } of rows) {
    assert.ok(!seen.has(nodeId), `${nodeId} has two rows in changes`)
    seen.add(nodeId)
    assert.ok(firstChangeId <= changeId)
    if (isRemoved) assert.ok(!byId.has(nodeId), `${nodeId} is live and removed in changes`)
    else assert.equal(byId.get(nodeId)?.changeId, changeId)
  }
  for (const { nodeId } of nodes) assert.ok(seen.has(nodeId), `${nodeId} is not in changes`)
  checkTotals(db)
}

/** Compares the totals of all roots with a count of all nodes. */
function checkTotals(db: FeedDatabase): void {
  const rows = db.sqlite
    .prepare<[], { nodeId: string; parentId: string | null; isDirectory: bigint; size: bigint }>(
      `SELECT node_id AS nodeId, parent_id AS parentId, is_directory AS isDirectory, CAST(size AS INTEGER) AS size FROM nodes`,
    )
    .safeIntegers(true)
    .all()
  const parents = new Map(rows.map(({ nodeId, parentId }) => [nodeId, parentId]))
  const expected = new Map<string, { files: number; bytes: string }>()
  for (const { parentId, isDirectory, size } of rows) {
    let root: string | null = parentId
    while (root !== null && parents.get(root) !== SUPER_ROOT_ID) root = parents.get(root) ?? null
    if (isDirectory === 1n || root === null) continue
    const { files, bytes } = expected.get(root) ?? { files: 0, bytes: '0' }
    expected.set(root, { files: files + 1, bytes: String(BigInt(bytes) + size) })
  }
  const kept = db.sqlite.prepare<[], [string, number, string]>('SELECT node_id, files, bytes FROM root_totals').raw()
  assert.deepEqual(new Map(kept.all().map(([root, files, bytes]) => [root, { files, bytes }])), expected)
}
