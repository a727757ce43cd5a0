/** `GET /api/v1/cursor`: where the log ends now. */
import type { DatabaseSource } from '../database-source.ts'
import { defineReadingRoute, type Route } from '../route.ts'

const DESCRIPTION = {
  path: '/api/v1/cursor',
  summary: 'Where the changes end now.',
  parameters: {},
  answer: { description: 'The newest cursor.', json: 'Cursor' },
  refusals: [],
} as const

export function cursorRoute(database: DatabaseSource): Route {
  return defineReadingRoute(database, DESCRIPTION, ({ queries }) => ({ json: { cursor: queries.head() } }))
}
