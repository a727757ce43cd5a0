/** `GET /api/v1/nodes/{id}/path`: where a node is on the disk, as the indexer sees it. */
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { RequestHandler } from 'express'
import { type DatabaseSource, DatabaseUnavailableError } from '../database-source.ts'
import { sendProblem } from '../problem.ts'
import type { Ancestor } from '../queries.ts'

export function nodePathRoute(database: DatabaseSource): RequestHandler<{ id: string }> {
  return (req, res) => {
    const { id } = req.params
    if (id === SUPER_ROOT_ID)
      return sendProblem(res, 400, 'The super-root is above all watched folders; it has no path.')
    const ancestors = database.open().read((queries) => queries.ancestors(id))
    if (ancestors.length === 0) return sendProblem(res, 404, 'There is no node with this id.')
    const path = joinPath(ancestors)
    // The indexer writes its watched folders when it starts; right after an upgrade they are not there yet.
    if (path === null) throw new DatabaseUnavailableError(`no watched folder is above node ${id}`)
    res.json({ path })
  }
}

/** From the node upwards to an absolute path; null when the way does not lead to a watched folder. */
export function joinPath(ancestors: readonly Ancestor[]): string | null {
  const rootPath = ancestors.at(-1)?.rootPath ?? null
  if (rootPath === null) return null
  const names = ancestors.slice(0, -1).map((ancestor) => ancestor.name)
  // The watched folder can be "/" itself.
  return [rootPath === '/' && names.length > 0 ? '' : rootPath, ...names.reverse()].join('/')
}
