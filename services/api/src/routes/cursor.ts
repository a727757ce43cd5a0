/** `GET /api/v1/cursor`: where the log ends now. */
import type { DatabaseSource } from '../feed/database-source.ts'
import { defineReadingRoute, type Route } from '../route.ts'

const DESCRIPTION = {
  path: '/api/v1/cursor',
  operationId: 'getCursor',
  tag: 'Changes',
  summary: 'Where the changes end now.',
  description: 'A client that wants nothing but what is to come starts here.',
  parameters: {},
  answer: { description: 'The newest cursor.', json: 'Cursor' },
  refusals: [],
} as const

export function cursorRoute(database: DatabaseSource): Route {
  return defineReadingRoute(database, DESCRIPTION, ({ queries }) => ({ json: { cursor: queries.head() } }))
}
