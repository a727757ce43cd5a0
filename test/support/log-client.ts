/** A client that reads the log itself, without an api: it gets what the store wrote, as a client of the api would. */
import assert from 'node:assert/strict'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'

export type ChangeLine = { changeId: number; nodeId: string; isRemoved: 0 | 1; firstChangeId: number }
export type NodeLine = { nodeId: string; parentId: string; name: string; changeId: number; isDirectory: 0 | 1 }

/** The rows after the cursor, in order, without tombstones of nodes that the client never received. */
export function changesSince({ sqlite }: FeedDatabase, cursor: number): ChangeLine[] {
  return sqlite
    .prepare<[number, number], ChangeLine>(
      `SELECT change_id AS changeId, node_id AS nodeId, is_removed AS isRemoved, first_change_id AS firstChangeId
       FROM changes WHERE change_id > ? AND NOT (is_removed AND first_change_id > ?) ORDER BY change_id`,
    )
    .all(cursor, cursor)
}

export function liveNodes({ sqlite }: FeedDatabase): NodeLine[] {
  return sqlite
    .prepare<[string], NodeLine>(
      `SELECT node_id AS nodeId, parent_id AS parentId, iif(raw_name IS NULL, name, hex(raw_name) || '/') AS name, change_id AS changeId,
              is_directory AS isDirectory
       FROM nodes WHERE node_id <> ?`,
    )
    .all(SUPER_ROOT_ID)
}

/** A client that keeps the tree, and fails at changes in a wrong order. */
export function createLogClient(db: FeedDatabase) {
  const nodes = new Map<string, NodeLine>()
  const rowOf = new Map<string, NodeLine>()
  let cursor = 0
  return {
    nodes,
    cursor: () => cursor,
    catchUp: () => {
      rowOf.clear()
      for (const node of liveNodes(db)) rowOf.set(node.nodeId, node)
      const news = changesSince(db, cursor)
      const toCome = new Set(news.map(({ nodeId }) => nodeId))
      for (const { changeId, nodeId, isRemoved } of news) {
        cursor = changeId
        toCome.delete(nodeId)
        if (isRemoved) {
          // A removal may come twice if the id was used and removed again in between. A child that left the folder and
          // changed again comes later, since a node has one row.
          const left = [...nodes.values()].find((node) => node.parentId === nodeId && !toCome.has(node.nodeId))
          assert.ok(left === undefined, `I4: ${nodeId} is removed before ${left?.name}`)
          nodes.delete(nodeId)
          continue
        }
        const node = rowOf.get(nodeId)
        assert.ok(node !== undefined, `${nodeId} has a row in changes and no node`)
        const isParentKnown = node.parentId === SUPER_ROOT_ID || nodes.has(node.parentId)
        assert.ok(isParentKnown, `I3: ${node.name} comes before its parent`)
        nodes.set(nodeId, node)
      }
    },
  }
}
