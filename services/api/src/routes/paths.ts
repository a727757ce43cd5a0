/** `GET /api/v1/paths?id=…&id=…`: the paths of many nodes. */
import type { DatabaseSource } from '../feed/database-source.ts'
import { placesIn } from '../feed/places.ts'
import type { Queries } from '../feed/queries.ts'
import { PARAMETERS } from '../wire/parameters.ts'
import type { ReadStep } from './read-step.ts'
import { defineReadingRoute } from './reading-route.ts'
import type { Route } from './route.ts'

const DESCRIPTION = {
  path: '/api/v1/paths',
  operationId: 'getPaths',
  tag: 'Nodes',
  summary: 'The paths of up to 100 nodes.',
  description: 'An id that is given several times is answered once.',
  parameters: PARAMETERS.paths,
  answer: { description: 'The path of each id, null if there is no such node or it has no path.', json: 'Paths' },
  refusals: [],
} as const

export function pathsRoute(database: DatabaseSource): Route {
  return defineReadingRoute(database, DESCRIPTION, ({ values, queries }) => {
    const ids = [...new Set(values.id)]
    const paths = new Map<string, string | null>()
    const goOn = (now: Queries): ReadStep => {
      const places = placesIn(now)
      for (const id of ids.slice(paths.size)) {
        const place = now.place(id)
        if (place !== undefined && !places.climb(place)) return { goOn }
        paths.set(id, place === undefined ? null : places.pathOf(id, place))
      }
      return { json: { paths: Object.fromEntries(paths) } }
    }
    return goOn(queries)
  })
}
