/**
 * A client of the contract of the original's version 1.0.1: one call gives all changes, and it knows neither `has_more`
 * nor `max_size`. It reads a path without checking the status. If there is no path the whole sync fails, nothing is
 * stored, and the next sync begins at the same cursor.
 */
import type { FeedChange } from '../../../client/src/wire.ts'
import { getJson } from '../../support/http-get.ts'
import { pathsOfAnswer } from './paths-of-answer.ts'
import type { CompatibleClient } from './python-driver.ts'
import { type Action, createSnapshot } from './snapshot.ts'

export function createOriginalContractClient(baseUrl: string): CompatibleClient {
  const snapshot = createSnapshot('0')
  let misses = 0
  const askPath = async (id: string) => {
    const response = await fetch(`${baseUrl}/api/v1/nodes/${id}/path`)
    return ((await response.json()) as { path?: string }).path ?? null
  }
  return {
    snapshot,
    misses: () => misses,
    sync: async () => {
      const url = `${baseUrl}/api/v1/changes?cursor=${snapshot.cursor()}`
      const { cursor, changes } = await getJson<{ cursor: number; changes: FeedChange[] }>(url)
      const pathOf = pathsOfAnswer(askPath)
      const actions: Action[] = []
      for (const change of changes) {
        const path = change.removed ? '' : await pathOf(change.node)
        if (path === null) {
          misses += 1
          return
        }
        actions.push(change.removed ? { removed: change.node_id } : { node: change.node, path })
      }
      snapshot.applyChanges(actions, String(cursor))
    },
  }
}
