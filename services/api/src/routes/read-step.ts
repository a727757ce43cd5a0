/** The result of one read of the database for an answer. */

import type { Queries } from '../feed/queries.ts'
import type { Refusal } from '../wire/refusal.ts'

/**
 * The answer, a refusal, or the next read. In a very deep tree, one read of everything would block other requests, so these
 * get a turn before `goOn` is called.
 */
export type ReadStep = { readonly json: unknown } | Refusal | { readonly goOn: (queries: Queries) => ReadStep }
