/** `GET /api/v1/nodes/{id}/path`: where a node is on the disk, as the indexer sees it. */
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { DatabaseSource } from '../feed/database-source.ts'
import { placesIn } from '../feed/places.ts'
import { defineReadingRoute, type Route } from '../route.ts'
import { NO_SUCH_NODE } from './node.ts'

const DESCRIPTION = {
  path: '/api/v1/nodes/{id}/path',
  operationId: 'getNodePath',
  tag: 'Nodes',
  summary: 'Where a node is, as the indexer sees the disk.',
  description: 'The path is that of the machine the indexer runs on. The super-root has none.',
  parameters: {},
  answer: { description: 'The absolute path.', json: 'Path' },
  refusals: [400, 404],
} as const

export function nodePathRoute(database: DatabaseSource): Route {
  return defineReadingRoute(database, DESCRIPTION, ({ id, queries }) => {
    if (id === SUPER_ROOT_ID) {
      return { status: 400, detail: 'The super-root is above all watched folders; it has no path.' }
    }
    const place = queries.place(id)
    if (place === undefined) return NO_SUCH_NODE
    const path = placesIn(queries).pathOf(id, place)
    // The indexer writes its watched folders when it starts; right after an upgrade they are not there yet.
    if (path === null) return { status: 503, detail: 'The database can not be read now; try again in a moment.' }
    return { json: { path } }
  })
}
