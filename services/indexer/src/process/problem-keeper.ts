/** Keeps the problems in the database, for the api's status. They are written when they change. */
import type { ProblemCode } from '@drive-feed/shared/problem.ts'
import type { ProblemRow } from '@drive-feed/shared/schema.ts'

/**
 * A problem. `root`: name of the root that it is about; null if it is about none or all. `sinceMs`: since when it
 * exists, ms since 1970 by the wall clock; null for since it was first noticed.
 */
export type Noticed = {
  readonly code: ProblemCode
  readonly root: string | null
  readonly text: string
  readonly fix: string
  readonly sinceMs: number | null
}

export type ProblemKeeper = {
  /** Writes the problems of now, if they differ from those written. */
  readonly keep: () => void
}

export function createProblemKeeper(tools: {
  readonly noticed: () => readonly Noticed[]
  /** The problems that were saved last, also those of an earlier run. */
  readonly saved: () => readonly ProblemRow[]
  readonly save: (rows: readonly ProblemRow[]) => void
  /** Whether everything was looked at since the start: a problem that is not noticed by then is over. */
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

/** Without the text, whose numbers change while it is the same problem. */
function keyOf({ code, root }: Pick<Noticed, 'code' | 'root'>): string {
  return JSON.stringify([code, root])
}
