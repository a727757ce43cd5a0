/** What one read of the database comes to. */
import type { Refusal } from '../http/problem.ts'
import type { Queries } from './queries.ts'

/**
 * The answer, or that there is none; or what is to be read next, when others have had their turn: in a very deep tree, where
 * all of it in one read would keep them waiting.
 */
export type ReadStep = { readonly json: unknown } | Refusal | { readonly goOn: (queries: Queries) => ReadStep }
