/** `GET /api/v1/nodes/{id}/path`: a node's path on the disk, as the indexer sees it. */
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { DatabaseSource } from '../feed/database-source.ts'
import { placesIn } from '../feed/places.ts'
import type { Queries } from '../feed/queries.ts'
import { DATABASE_AWAY, NO_SUCH_NODE } from '../wire/refusals.ts'
import type { ReadStep } from './read-step.ts'
import { defineReadingRoute } from './reading-route.ts'
import type { Route } from './route.ts'

const DESCRIPTION = {
  path: '/api/v1/nodes/{id}/path',
  operationId: 'getNodePath',
  tag: 'Nodes',
  summary: "A node's path, as the indexer sees the disk.",
  description: 'The path is one of the machine that the indexer runs on. The super-root has none.',
  parameters: {},
  answer: { description: 'The absolute path.', json: 'Path' },
  refusals: [400, 404],
} as const

export function nodePathRoute(database: DatabaseSource): Route {
  return defineReadingRoute(database, DESCRIPTION, ({ id, queries }) => {
    if (id === SUPER_ROOT_ID) {
      return { status: 400, detail: 'The super-root is above all watched folders; it has no path.' }
    }
    const goOn = (now: Queries): ReadStep => {
      const place = now.place(id)
      if (place === undefined) return NO_SUCH_NODE
      const places = placesIn(now)
      if (!places.climb(place)) return { goOn }
      const path = places.pathOf(id, place)
      // The indexer writes its watched folders when it starts, so right after an upgrade they are missing.
      if (path === null) return DATABASE_AWAY
      return { json: { path } }
    }
    return goOn(queries)
  })
}
