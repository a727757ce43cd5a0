/** `GET /api/v1/root`: the node above all watched folders. */
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import { DatabaseDamagedError, type DatabaseSource } from '../feed/database-source.ts'
import { nodeJson } from '../wire/node-json.ts'
import { defineReadingRoute } from './reading-route.ts'
import type { Route } from './route.ts'

const DESCRIPTION = {
  path: '/api/v1/root',
  operationId: 'getRoot',
  tag: 'Nodes',
  summary: 'The super-root: the node above all watched folders.',
  description: 'Its children are the watched folders. It has no parent and no path.',
  parameters: {},
  answer: { description: 'The super-root.', json: 'Node' },
  refusals: [],
} as const

export function rootRoute(database: DatabaseSource): Route {
  return defineReadingRoute(database, DESCRIPTION, ({ queries }) => {
    const row = queries.node(SUPER_ROOT_ID)
    if (row === undefined) throw new DatabaseDamagedError('the database has no super-root')
    return { json: nodeJson(row) }
  })
}
