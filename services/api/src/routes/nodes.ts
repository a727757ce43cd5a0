/** `GET /api/v1/nodes?path=` and `?hash=`: nodes by path, files by content. */
import type { DatabaseSource } from '../feed/database-source.ts'
import type { Queries } from '../feed/queries.ts'
import { PARAMETERS } from '../wire/parameters.ts'
import { listing } from './listing.ts'
import { nodesJson } from './nodes-json.ts'
import type { ReadStep } from './read-step.ts'
import { defineReadingRoute } from './reading-route.ts'
import type { Route } from './route.ts'

const DESCRIPTION = {
  path: '/api/v1/nodes',
  operationId: 'findNodes',
  tag: 'Nodes',
  summary: 'The node at a path, or all files with a content. Exactly one of path and hash is required.',
  description: 'A path names at most one node. Any number of files may have the same content; they come in pages.',
  parameters: { ...PARAMETERS.lookup, ...PARAMETERS.listing },
  answer: { description: 'The nodes found; an empty list if there are none.', json: 'Nodes' },
  refusals: [],
} as const

export function nodesRoute(database: DatabaseSource): Route {
  return defineReadingRoute(database, DESCRIPTION, ({ values, queries }) => {
    const { path, hash } = values
    if ((path === undefined) === (hash === undefined)) {
      return { status: 400, detail: 'Give either path or hash, and not both.' }
    }
    if (hash !== undefined) {
      return listing(values, queries, (after, limit) => queries.withHash(hash, after?.row ?? 0, limit))
    }
    return findAt(path as string, queries, (found, now) => {
      const node = found === null ? undefined : now.node(found)
      return nodesJson(node === undefined ? [] : [node], values.include, now, (nodes) => ({ nodes, next_page: null }))
    })
  })
}

/** Names looked up in one read, which takes about 5 ms. */
const NAMES_MAX = 500

/** @param then receives the id of the node at the path, null if there is none */
function findAt(path: string, queries: Queries, then: (id: string | null, queries: Queries) => ReadStep): ReadStep {
  const names = path.split('/').filter((name) => name !== '')
  for (const [rootId, rootPath] of queries.rootPaths()) {
    const rootNames = rootPath.split('/').filter((name) => name !== '')
    if (!rootNames.every((name, at) => name === names[at])) continue
    // Watched folders are never nested, so no other one can match.
    return descend(rootId, names.slice(rootNames.length), queries, then)
  }
  return then(null, queries)
}

function descend(
  folderId: string,
  names: readonly string[],
  queries: Queries,
  then: (id: string | null, queries: Queries) => ReadStep,
): ReadStep {
  let id: string | undefined = folderId
  for (const name of names.slice(0, NAMES_MAX)) {
    id = queries.childNamed(id, name)
    if (id === undefined) return then(null, queries)
  }
  const [found, rest] = [id, names.slice(NAMES_MAX)]
  return rest.length === 0 ? then(found, queries) : { goOn: (now) => descend(found, rest, now, then) }
}
