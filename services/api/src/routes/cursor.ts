/** `GET /api/v1/cursor`: the newest cursor. */
import type { DatabaseSource } from '../feed/database-source.ts'
import { defineReadingRoute } from './reading-route.ts'
import type { Route } from './route.ts'

const DESCRIPTION = {
  path: '/api/v1/cursor',
  operationId: 'getCursor',
  tag: 'Changes',
  summary: 'The newest cursor.',
  description: 'Start here to receive only later changes.',
  parameters: {},
  answer: { description: 'The newest cursor.', json: 'Cursor' },
  refusals: [],
} as const

export function cursorRoute(database: DatabaseSource): Route {
  return defineReadingRoute(database, DESCRIPTION, ({ queries }) => ({ json: { cursor: queries.head() } }))
}
