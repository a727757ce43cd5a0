/** A row of the log to the object that clients see. */
import { DatabaseDamagedError } from '../database-source.ts'
import type { SeenChange } from '../view.ts'
import type { Answer } from './answers.ts'
import { nodeJson } from './node-json.ts'

export function changeJson(row: SeenChange): Answer<'Changes'>['changes'][number] {
  if (row.isRemoved) return { removed: true, node_id: row.nodeId }
  if (row.node === null)
    throw new DatabaseDamagedError(`change ${row.changeId} is not the latest of node ${row.nodeId}`)
  return { removed: false, node: nodeJson(row.node, row.path) }
}
