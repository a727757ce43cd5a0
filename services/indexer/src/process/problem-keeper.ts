/** Keeps what is not well in the database, for whoever asks how the indexer is: written when it changes. */
import type { ProblemCode } from '@drive-feed/shared/problem.ts'
import type { ProblemRow } from '@drive-feed/shared/schema.ts'

/**
 * Something that is not well. `root`: name of the watched root that it is about, null where it is about none or all.
 * `sinceMs`: since 1970 by the clock on the wall; null where it is since it was first noticed.
 */
export type Noticed = {
  readonly code: ProblemCode
  readonly root: string | null
  readonly text: string
  readonly fix: string
  readonly sinceMs: number | null
}

export type ProblemKeeper = {
  /** Writes what is not well now, if that is something else than before. */
  readonly keep: () => void
}

export function createProblemKeeper(tools: {
  readonly noticed: () => readonly Noticed[]
  /** Those that were saved last, by an earlier run as well. */
  readonly saved: () => readonly ProblemRow[]
  readonly save: (rows: readonly ProblemRow[]) => void
  /** Whether everything was looked at since the start: what is not noticed by then is over. */
  readonly isAllKnown: () => boolean
  readonly wallMs: () => number
}): ProblemKeeper {
  let written = [...tools.saved()]
  let since = sinceOf(written)
  return {
    keep: () => {
      const nowMs = Math.floor(tools.wallMs())
      const rows = tools.noticed().map(
        ({ sinceMs, ...problem }, at): ProblemRow => ({
          ...{ id: at + 1, code: problem.code, root: problem.root, text: problem.text, fix: problem.fix },
          sinceMs: sinceMs ?? since.get(keyOf(problem)) ?? nowMs,
        }),
      )
      since = tools.isAllKnown() ? sinceOf(rows) : new Map([...since, ...sinceOf(rows)])
      if (JSON.stringify(rows) === JSON.stringify(written)) return
      tools.save(rows)
      written = rows
    },
  }
}

function sinceOf(rows: readonly ProblemRow[]): Map<string, number> {
  return new Map(rows.map((row) => [keyOf(row), row.sinceMs]))
}

/** The text has numbers in it that change while it is the same problem. */
function keyOf({ code, root }: Pick<Noticed, 'code' | 'root'>): string {
  return JSON.stringify([code, root])
}
