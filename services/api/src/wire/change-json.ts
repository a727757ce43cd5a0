/** A row of the log as JSON. */
import type { ChangeRow } from '../feed/change-row.ts'
import { DatabaseDamagedError } from '../feed/database-source.ts'
import type { SeenChange } from '../feed/view.ts'
import type { Answer } from './answers.ts'
import { nodeJson } from './node-json.ts'

/** @throws {DatabaseDamagedError} if the row names a node that has another latest change */
export function changeJson(row: SeenChange): Answer<'Changes'>['changes'][number] {
  const { nodeId, path, name = null } = row
  if (row.isRemoved) return { removed: true, node_id: nodeId, ...(path === undefined ? {} : { path, name }) }
  if (row.node === null) throw new DatabaseDamagedError(`change ${row.changeId} is not the latest of node ${nodeId}`)
  return { removed: false, node: nodeJson(row.node, path) }
}

/** Texts of rows that are kept for further answers, as long as they are kept. */
const texts = new WeakMap<ChangeRow, string>()

/** The row as JSON text. @throws {DatabaseDamagedError} as `changeJson` */
export function changeText(row: SeenChange): string {
  if (!row.isKept || row.path !== undefined) return JSON.stringify(changeJson(row))
  const known = texts.get(row)
  if (known !== undefined) return known
  const text = JSON.stringify(changeJson(row))
  texts.set(row, text)
  return text
}
