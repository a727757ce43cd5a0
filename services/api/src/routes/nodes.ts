/** `GET /api/v1/nodes?path=` and `?hash=`: nodes by where they are, files by what they hold. */
import type { DatabaseSource } from '../database-source.ts'
import type { Queries } from '../queries.ts'
import { defineReadingRoute, type Route } from '../route.ts'
import { listing } from '../wire/listing.ts'
import type { WireRow } from '../wire/node-json.ts'
import { nodesJson } from '../wire/nodes-json.ts'
import { PARAMETERS } from '../wire/parameters.ts'

const DESCRIPTION = {
  path: '/api/v1/nodes',
  operationId: 'findNodes',
  tag: 'Nodes',
  summary: 'The node at a path, or all files with a content. Exactly one of path and hash has to be given.',
  description: 'A path names one node or none. A content may be in any number of files, which come page by page.',
  parameters: { ...PARAMETERS.lookup, ...PARAMETERS.listing },
  answer: { description: 'What was found; nothing is an empty list.', json: 'Nodes' },
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
    const found = nodeAt(path as string, queries)
    const nodes = nodesJson(found === undefined ? [] : [found], values.include, queries)
    return { json: { nodes, next_page: null } }
  })
}

function nodeAt(path: string, queries: Queries): WireRow | undefined {
  const names = path.split('/').filter((name) => name !== '')
  for (const [rootId, rootPath] of queries.rootPaths()) {
    const rootNames = rootPath.split('/').filter((name) => name !== '')
    if (!rootNames.every((name, at) => name === names[at])) continue
    // One watched folder is never inside another.
    return names
      .slice(rootNames.length)
      .reduce((folder, name) => folder && queries.named(folder.nodeId, name), queries.node(rootId))
  }
  return undefined
}
