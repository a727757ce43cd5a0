/** Reads the status: the database in one short transaction, and the files beside it. */

import type { DatabaseSigns } from '../feed/database-signs.ts'
import type { DatabaseSource } from '../feed/database-source.ts'
import type { FeedState } from '../feed/feed-state.ts'
import type { Answer } from '../wire/answers.ts'
import { type ApiState, statusJson } from '../wire/status-json.ts'

export type StatusDeps = {
  readonly database: DatabaseSource
  readonly signs: DatabaseSigns
  readonly api: () => ApiState
  /** Milliseconds since 1970. */
  readonly nowMs: () => number
}

/**
 * `status` is null until an indexer has written to the database.
 *
 * @throws {DatabaseUnavailableError} while the database can't be read
 */
export function readStatus(deps: StatusDeps): { readonly feed: FeedState; readonly status: Answer<'Status'> | null } {
  const { database, signs, api, nowMs } = deps
  const beside = { walBytes: signs.walBytes(), note: signs.note() }
  return database.open().read((queries) => {
    const [feed, status] = [queries.feed(), queries.status()]
    if (status === undefined) return { feed, status: null }
    const [roots, totals, problems] = [queries.watchRoots(), queries.rootTotals(), queries.problems()]
    return {
      feed,
      status: statusJson({ feed, status, roots, totals, problems, ...beside, api: api(), nowMs: nowMs() }),
    }
  })
}
