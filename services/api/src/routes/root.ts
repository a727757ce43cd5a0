/** `GET /api/v1/root`: the node above all watched folders. */
import type { RequestHandler } from 'express'
import type { DatabaseSource } from '../database-source.ts'
import { nodeJson } from '../node-json.ts'

export function rootRoute(database: DatabaseSource): RequestHandler {
  return (_req, res) => {
    const row = database.open().read((queries) => queries.superRoot())
    if (row === undefined) throw new Error('the database has no super-root')
    res.json(nodeJson(row))
  }
}
