/** Nodes of one answer to the objects that clients see, with their paths if they were asked for. */
import { createPlaces } from '../places.ts'
import type { Queries } from '../queries.ts'
import { type NodeJson, nodeJson, type WireRow } from './node-json.ts'

export function nodesJson(rows: readonly WireRow[], include: 'path' | undefined, queries: Queries): NodeJson[] {
  if (include === undefined) return rows.map((row) => nodeJson(row))
  const places = createPlaces(queries)
  return rows.map((row) => nodeJson(row, places.pathOf(row.nodeId, row)))
}
