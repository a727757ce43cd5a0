/** `GET /readyz`: whether the feed can be read and is kept up to date; with `strict`, whether there are no problems. */
import { whyGone } from '@drive-feed/shared/feed-health.ts'
import type { DatabaseSigns } from '../feed/database-signs.ts'
import { type DatabaseSource, DatabaseUnavailableError } from '../feed/database-source.ts'
import { sendProblem } from '../http/problem.ts'
import { sendJson } from '../http/send-body.ts'
import { PARAMETERS } from '../wire/parameters.ts'
import { problemsJson } from '../wire/problems-json.ts'
import { defineRoute, type Route } from './route.ts'

const DESCRIPTION = {
  path: '/readyz',
  operationId: 'getReadiness',
  tag: 'Operation',
  summary: 'Whether the database can be read and an indexer keeps it up to date.',
  description:
    'A readiness probe. The answer is 503 while the database can not be read, or if the indexer is stopped or has been silent for two and a half minutes; with strict also while there is any problem.',
  parameters: PARAMETERS.readiness,
  answer: { description: 'The feed is ready; says whether the first scan is complete.', json: 'Readiness' },
  refusals: [503],
  isAboutProcess: true,
} as const

type Deps = { readonly database: DatabaseSource; readonly signs: DatabaseSigns; readonly nowMs: () => number }

export function readinessRoute(deps: Deps): Route {
  return defineRoute(DESCRIPTION, async ({ req, res, values }) => {
    res.set('Cache-Control', 'no-store')
    const readiness = readReadiness(deps, values.strict ?? false)
    if (typeof readiness === 'string') return sendProblem(res, { status: 503, detail: readiness })
    await sendJson(req, res, { ok: true, initial_scan_complete: readiness.isInitialScanComplete })
  })
}

/** Why the feed is not ready, or whether the first scan is complete. Names no path, since no token is needed to ask. */
function readReadiness(
  { database, signs, nowMs }: Deps,
  isStrict: boolean,
): string | { readonly isInitialScanComplete: boolean } {
  try {
    const { status, problems } = database.open().read((queries) => ({
      status: queries.status(),
      problems: queries.problems(),
    }))
    if (status === undefined) return 'The indexer has not started yet.'
    const gone = whyGone(status, nowMs())
    if (gone !== null) return gone.text
    const found = isStrict ? problemsJson({ status, problems, note: signs.note(), nowMs: nowMs() }) : []
    if (found.length === 0) return status
    const codes = [...new Set(found.map(({ code }) => code))].join(', ')
    return `Not all is well (${codes}); /api/v1/status says what is wrong and what to do.`
  } catch (error) {
    if (!(error instanceof DatabaseUnavailableError)) throw error
    return 'The database can not be read now.'
  }
}
