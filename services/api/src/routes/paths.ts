/** `GET /api/v1/paths?id=…&id=…`: where many nodes are. */
import type { DatabaseSource } from '../database-source.ts'
import { createPlaces } from '../places.ts'
import { defineReadingRoute, type Route } from '../route.ts'
import { PARAMETERS } from '../wire/parameters.ts'

const DESCRIPTION = {
  path: '/api/v1/paths',
  operationId: 'getPaths',
  tag: 'Nodes',
  summary: 'The paths of up to 100 nodes at once.',
  description: 'An id may be asked for more than once; it is answered once.',
  parameters: PARAMETERS.paths,
  answer: { description: 'The path of each id, null where there is no such node or it has no path.', json: 'Paths' },
  refusals: [],
} as const

export function pathsRoute(database: DatabaseSource): Route {
  return defineReadingRoute(database, DESCRIPTION, ({ values, queries }) => {
    const places = createPlaces(queries)
    const pathOf = (id: string) => {
      const place = queries.place(id)
      return place === undefined ? null : places.pathOf(id, place)
    }
    return { json: { paths: Object.fromEntries(values.id.map((id) => [id, pathOf(id)])) } }
  })
}
