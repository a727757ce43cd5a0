/** The nodes of one answer as JSON, with their paths if the client asked for them. */
import { placesIn } from '../feed/places.ts'
import type { Queries } from '../feed/queries.ts'
import type { WireRow } from '../feed/wire-row.ts'
import { type NodeJson, nodeJson } from '../wire/node-json.ts'
import type { ReadStep } from './read-step.ts'

/** @param toJson makes the whole answer from its nodes */
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
      if (!places.climb(row)) return { goOn }
      nodes.push(nodeJson(row, places.pathOf(row.nodeId, row)))
    }
    return { json: toJson(nodes) }
  }
  return goOn(queries)
}
