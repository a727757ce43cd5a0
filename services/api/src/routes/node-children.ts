/** `GET /api/v1/nodes/{id}/children`: what is in a folder, by name. */
import type { DatabaseSource } from '../feed/database-source.ts'
import { defineReadingRoute, type Route } from '../route.ts'
import { PARAMETERS } from '../wire/parameters.ts'
import { listing } from './listing.ts'
import { NO_SUCH_NODE } from './node.ts'

const DESCRIPTION = {
  path: '/api/v1/nodes/{id}/children',
  operationId: 'getNodeChildren',
  tag: 'Nodes',
  summary: 'What is in a folder, sorted by name in the order of its bytes. A file has no children.',
  description: 'Comes page by page. What is written between two pages shifts nothing.',
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
