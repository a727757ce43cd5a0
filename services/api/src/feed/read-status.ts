/** The whole status, from one short read of the database and the files beside it. */

import type { Answer } from '../wire/answers.ts'
import { type ApiState, statusJson } from '../wire/status-json.ts'
import type { DatabaseSigns } from './database-signs.ts'
import type { DatabaseSource } from './database-source.ts'
import type { FeedState } from './queries.ts'

export type StatusDeps = {
  readonly database: DatabaseSource
  readonly signs: DatabaseSigns
  readonly api: () => ApiState
  /** Milliseconds since 1970. */
  readonly nowMs: () => number
}

/**
 * `status` is null before an indexer has written to the database.
 *
 * @throws {DatabaseUnavailableError} while it can't be read
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
