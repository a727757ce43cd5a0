/** Nodes of one answer to the objects that clients see, with their paths if they were asked for. */
import { placesIn } from '../feed/places.ts'
import type { Queries } from '../feed/queries.ts'
import type { ReadStep } from '../feed/read-step.ts'
import { type NodeJson, nodeJson, type WireRow } from '../wire/node-json.ts'

/** @param toJson the whole answer */
export function nodesJson(
  rows: readonly WireRow[],
  include: 'path' | undefined,
  queries: Queries,
  toJson: (nodes: NodeJson[]) => unknown,
): ReadStep {
  if (include === undefined) return { json: toJson(rows.map((row) => nodeJson(row))) }
  const nodes: NodeJson[] = []
  const goOn = (now: Queries): ReadStep => {
    const places = placesIn(now)
    for (const row of rows.slice(nodes.length)) {
      if (places.isTooFar(row)) return { goOn }
      nodes.push(nodeJson(row, places.pathOf(row.nodeId, row)))
    }
    return { json: toJson(nodes) }
  }
  return goOn(queries)
}
