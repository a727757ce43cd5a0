/** `GET /readyz`: the feed can be read and is kept up to date. */
import { type DatabaseSource, DatabaseUnavailableError } from '../database-source.ts'
import { sendProblem } from '../http/problem.ts'
import { sendJson } from '../http/send-body.ts'
import { defineRoute, type Route } from '../route.ts'
import { heartbeatAgeMs } from '../wire/status-json.ts'

/** The indexer writes its status once a minute even when nothing happens. */
const HEARTBEAT_AGE_MAX_MS = 150_000

const DESCRIPTION = {
  path: '/readyz',
  summary: 'Whether the database can be read and an indexer keeps it up to date.',
  parameters: {},
  answer: { description: 'Both.', json: 'Health' },
  refusals: [],
  isAboutProcess: true,
} as const

export function readinessRoute(database: DatabaseSource, nowMs: () => number): Route {
  return defineRoute(DESCRIPTION, async ({ req, res }) => {
    const detail = whyNotReady(database, nowMs())
    if (detail !== null) return sendProblem(res, { status: 503, detail })
    res.set('Cache-Control', 'no-store')
    await sendJson(req, res, { ok: true })
  })
}

function whyNotReady(database: DatabaseSource, nowMs: number): string | null {
  try {
    const status = database.open().read((queries) => queries.status())
    if (status === undefined) return 'The indexer has not started yet.'
    if (status.state === 'stopped') return 'The indexer was stopped.'
    const ageMs = heartbeatAgeMs(status, nowMs)
    if (ageMs <= HEARTBEAT_AGE_MAX_MS) return null
    return `The indexer has been silent for ${Math.round(ageMs / 1_000)} s.`
  } catch (error) {
    if (!(error instanceof DatabaseUnavailableError)) throw error
    return 'The database can not be read now.'
  }
}
