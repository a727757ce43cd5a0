/** `GET /api/v1/nodes/{id}`: one node. */
import type { DatabaseSource } from '../feed/database-source.ts'
import type { Refusal } from '../http/problem.ts'
import { defineReadingRoute, type Route } from '../route.ts'
import { PARAMETERS } from '../wire/parameters.ts'
import { nodesJson } from './nodes-json.ts'

export const NO_SUCH_NODE: Refusal = { status: 404, detail: 'There is no node with this id.' }

const DESCRIPTION = {
  path: '/api/v1/nodes/{id}',
  operationId: 'getNode',
  tag: 'Nodes',
  summary: 'One node.',
  description: 'As it is now; one that was removed is not found any more.',
  parameters: PARAMETERS.node,
  answer: { description: 'The node in its current state.', json: 'Node' },
  refusals: [404],
} as const

export function nodeRoute(database: DatabaseSource): Route {
  return defineReadingRoute(database, DESCRIPTION, ({ id, values, queries }) => {
    const row = queries.node(id)
    if (row === undefined) return NO_SUCH_NODE
    return nodesJson([row], values.include, queries, ([node]) => node)
  })
}
