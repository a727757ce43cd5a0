/** `GET /api/v1/nodes/{id}/children`: the contents of a folder, by name. */
import type { DatabaseSource } from '../feed/database-source.ts'
import { PARAMETERS } from '../wire/parameters.ts'
import { NO_SUCH_NODE } from '../wire/refusals.ts'
import { listing } from './listing.ts'
import { defineReadingRoute } from './reading-route.ts'
import type { Route } from './route.ts'

const DESCRIPTION = {
  path: '/api/v1/nodes/{id}/children',
  operationId: 'getNodeChildren',
  tag: 'Nodes',
  summary: 'The nodes in a folder, sorted by the bytes of their names. A file has no children.',
  description: 'The listing comes in pages. Changes between two pages never shift the rest of the listing.',
  parameters: PARAMETERS.listing,
  answer: { description: 'A page of the folder.', json: 'Nodes' },
  refusals: [404],
} as const

export function nodeChildrenRoute(database: DatabaseSource): Route {
  return defineReadingRoute(database, DESCRIPTION, ({ id, values, queries }) => {
    if (queries.place(id) === undefined) return NO_SUCH_NODE
    return listing(values, queries, (after, limit) => queries.children(id, after, limit))
  })
}
