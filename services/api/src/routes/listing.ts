/** One page of a listing. */
import type { ListedRow, ListingPosition, Queries } from '../feed/queries.ts'
import { makePageToken, positionOf, readPageToken } from '../wire/page-token.ts'
import { nodesJson } from './nodes-json.ts'
import type { ReadStep } from './read-step.ts'

type Asked = { readonly max_size: number; readonly page: string | undefined; readonly include: 'path' | undefined }

/** @param rowsAfter gives at most `limit` rows of the listing after a position; null is its beginning */
export function listing(
  asked: Asked,
  queries: Queries,
  rowsAfter: (after: ListingPosition | null, limit: number) => ListedRow[],
): ReadStep {
  const token = asked.page === undefined ? null : readPageToken(asked.page)
  if (token === null && asked.page !== undefined) {
    return { status: 400, detail: 'page must be the next_page of an earlier answer.' }
  }
  const after = token === null ? null : positionOf(token, queries.nameOfRow)
  const rows = rowsAfter(after, asked.max_size + 1)
  const shown = rows.slice(0, asked.max_size)
  const last = rows.length > shown.length ? shown.at(-1) : undefined
  const next_page = last === undefined ? null : makePageToken(last)
  return nodesJson(shown, asked.include, queries, (nodes) => ({ nodes, next_page }))
}
