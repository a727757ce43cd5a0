/** Makes the queues. They are passed on as one object, so that whoever needs one names it as `pending`. */
import type { Folder, Tree } from '../../model/folder-tree.ts'
import { type Backoff, createBackoff } from './backoff.ts'
import { type AddHint, createHints, type Hints } from './hints.ts'
import { createLimbo, type Limbo } from './limbo.ts'
import { createRevisits, type Revisits } from './revisits.ts'
import { createVisits, type Visits } from './visits.ts'
import { createWriters, type Writers } from './writers.ts'

/** The queues: what is looked at later, and when. */
export type Pending = {
  readonly hints: Hints
  readonly visits: Visits
  readonly limbo: Limbo
  readonly writers: Writers
  readonly revisits: Revisits
  /** The growing pauses of places that a look told nothing about. */
  readonly retries: Backoff<Folder>
  readonly hint: AddHint
}

const RETRY_FIRST_MS = 20
const RETRY_LAST_MS = 10_000

/** `listsMoved`: whether a folder that moved is to be listed again, see `Visits.addMoved`. */
export function createPending(tree: Pick<Tree, 'get'>, nowMs: () => number, listsMoved = false): Pending {
  const hints = createHints()
  const retries = createBackoff<Folder>({ firstMs: RETRY_FIRST_MS, lastMs: RETRY_LAST_MS }, nowMs)
  return {
    hints,
    visits: createVisits(listsMoved),
    limbo: createLimbo(),
    writers: createWriters(),
    revisits: createRevisits(),
    retries,
    hint: ({ parentId, name }, cause, when) => {
      const folder = tree.get(parentId)
      if (folder === undefined) return
      const now = nowMs()
      hints.add({ folder, name, cause }, now, when === 'now' ? now : now + retries.next(folder, name))
    },
  }
}
