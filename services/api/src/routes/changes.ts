/** `GET /api/v1/changes`: what changed since a cursor. */
import type { RequestHandler } from 'express'
import { type Extent, findExtent, readPages } from '../changes-reader.ts'
import type { DatabaseSource, Reading } from '../database-source.ts'
import { type NodeJson, nodeJson } from '../node-json.ts'
import { sendProblem } from '../problem.ts'
import type { ChangeRow } from '../queries.ts'
import { parseCursor, parseMaxSize, type RawParameter } from '../request-parameters.ts'
import { sendPieces } from '../send-pieces.ts'

type ChangeJson =
  | { readonly removed: true; readonly node_id: string }
  | { readonly removed: false; readonly node: NodeJson }
type Query = { readonly cursor?: RawParameter; readonly max_size?: RawParameter }

export function changesRoute(database: DatabaseSource): RequestHandler<object, unknown, unknown, Query> {
  return async (req, res) => {
    const cursor = parseCursor(req.query.cursor)
    if (cursor === null) return sendProblem(res, 400, 'cursor must be one integer, at most 9007199254740991.')
    const reading = database.open()
    const extent = await findExtent(reading, { cursor, maxSize: parseMaxSize(req.query.max_size) })
    res.type('json')
    if (req.method === 'HEAD') return void res.end()
    await sendPieces(res, answerPieces(reading, cursor, extent))
  }
}

/** The answer's text, a page at a time. */
function* answerPieces(reading: Reading, cursor: number, extent: Extent): Generator<string> {
  let text = `{"cursor":${extent.cursor},"changes":[`
  let separator = ''
  for (const page of readPages(reading, { cursor, upTo: extent.cursor })) {
    // Also when all of it is to be skipped: between two pieces others have their turn.
    if (page.length === 0) {
      yield ''
      continue
    }
    // The page as an array, without its brackets.
    yield text + separator + JSON.stringify(page.map(changeJson)).slice(1, -1)
    text = ''
    separator = ','
  }
  yield `${text}],"has_more":${extent.hasMore}}`
}

function changeJson(row: ChangeRow): ChangeJson {
  if (row.isRemoved) return { removed: true, node_id: row.nodeId }
  if (row.node === null) throw new Error(`change ${row.changeId} is not the latest of node ${row.nodeId}`)
  return { removed: false, node: nodeJson(row.node) }
}
