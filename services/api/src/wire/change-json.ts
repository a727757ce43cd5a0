/** A row of the log as JSON. */
import type { Page } from '../feed/changes-reader.ts'
import { DatabaseDamagedError } from '../feed/database-source.ts'
import type { SeenChange } from '../feed/view.ts'
import { nodeJson } from './node-json.ts'

/** The row as JSON text. @throws {DatabaseDamagedError} if it names a node that has another latest change */
export function changeText({ changeId, nodeId, isRemoved, shown, path, name = null }: SeenChange): string {
  if (isRemoved) {
    return JSON.stringify({ removed: true, node_id: nodeId, ...(path === undefined ? {} : { path, name }) })
  }
  if (shown === null) throw new DatabaseDamagedError(`change ${changeId} is not the latest of node ${nodeId}`)
  const text = typeof shown === 'string' ? shown : JSON.stringify({ removed: false, node: nodeJson(shown) })
  // The path is the last key of the node.
  return path === undefined ? text : `${text.slice(0, -2)},"path":${JSON.stringify(path)}}}`
}

/** The texts of changes with commas between them. A run of changes stays as it is. */
export function changeTexts(changes: Page): (string | Buffer)[] {
  return changes.flatMap((one, at) => {
    const text = 'json' in one ? one.json : changeText(one)
    return at === 0 ? [text] : [',', text]
  })
}
