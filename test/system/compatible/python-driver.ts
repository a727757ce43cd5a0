/**
 * A client that does what the public Python driver for this feed does: it requests changes until `has_more` is false,
 * stores each answer with its cursor, requests the paths that it can't derive, and skips a node for which the answer is
 * 404.
 */
import assert from 'node:assert/strict'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { ChangesPage, FeedNode } from '../../../client/src/wire.ts'
import { getJson } from '../../support/http-get.ts'
import { pathsOfAnswer } from './paths-of-answer.ts'
import { type Action, createSnapshot, type Snapshot } from './snapshot.ts'

export type CompatibleClient = {
  readonly snapshot: Snapshot
  /** Requests all outstanding changes once. */
  readonly sync: () => Promise<void>
  /** How often a node was gone when the client requested its path. */
  readonly misses: () => number
}

const INITIAL_CURSOR = '0'

/** @param maxSize the `max_size` of its requests; null leaves that to the server */
export function createPythonDriver(baseUrl: string, maxSize: number | null): CompatibleClient {
  const snapshot = createSnapshot(INITIAL_CURSOR)
  let misses = 0
  const askPath = async (id: string) => {
    const response = await fetch(`${baseUrl}/api/v1/nodes/${id}/path`)
    const body = (await response.json()) as { path: string }
    if (response.status === 404) return null
    assert.equal(response.status, 200)
    return body.path
  }
  const actionsOf = async (page: ChangesPage): Promise<Action[]> => {
    const actions: Action[] = []
    const pathOf = pathsOfAnswer(askPath)
    for (const change of page.changes) {
      if (change.removed) {
        actions.push({ removed: change.node_id })
        continue
      }
      const path = await pathOf(change.node)
      if (path === null) misses += 1
      else actions.push({ node: change.node, path })
    }
    return actions
  }
  return {
    snapshot,
    misses: () => misses,
    sync: async () => {
      if (snapshot.cursor() === INITIAL_CURSOR) {
        const root = await getJson<FeedNode>(`${baseUrl}/api/v1/root`)
        assert.equal(root.id, SUPER_ROOT_ID)
      }
      for (let hasMore = true; hasMore; ) {
        const size = maxSize === null ? '' : `&max_size=${maxSize}`
        const page = await getJson<ChangesPage>(`${baseUrl}/api/v1/changes?cursor=${snapshot.cursor()}${size}`)
        snapshot.applyChanges(await actionsOf(page), String(page.cursor))
        hasMore = page.has_more ?? false
      }
    },
  }
}
