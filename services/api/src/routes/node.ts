/** `GET /api/v1/nodes/{id}`: one node. */
import type { DatabaseSource } from '../feed/database-source.ts'
import { PARAMETERS } from '../wire/parameters.ts'
import { NO_SUCH_NODE } from '../wire/refusals.ts'
import { nodesJson } from './nodes-json.ts'
import { defineReadingRoute } from './reading-route.ts'
import type { Route } from './route.ts'

const DESCRIPTION = {
  path: '/api/v1/nodes/{id}',
  operationId: 'getNode',
  tag: 'Nodes',
  summary: 'One node.',
  description: 'The node as it is now. A removed node is not found.',
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
