/** `GET /api/v1/cursor`: where the log ends now. */
import type { RequestHandler } from 'express'
import type { DatabaseSource } from '../database-source.ts'

export function cursorRoute(database: DatabaseSource): RequestHandler {
  return (_req, res) => {
    const cursor = database.open().read((queries) => queries.head())
    res.json({ cursor })
  }
}
