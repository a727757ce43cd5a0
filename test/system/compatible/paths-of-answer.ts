/** How the clients of the original program find the path of each node in an answer. */
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { FeedNode } from '../../../client/src/wire.ts'

/**
 * The path of each node in an answer: below its parent's path if the parent came before in the same answer, otherwise
 * by a request to the server.
 *
 * @param ask requests a path; gives null if the server knows no such node
 */
export function pathsOfAnswer(ask: (id: string) => Promise<string | null>): (node: FeedNode) => Promise<string | null> {
  const known = new Map<string | null, string | null>([[SUPER_ROOT_ID, null]])
  return async (node) => {
    const parentPath = known.get(node.parent_id) ?? null
    const path = parentPath === null ? await ask(node.id) : `${parentPath}/${node.name}`
    if (path !== null) known.set(node.id, path)
    return path
  }
}
