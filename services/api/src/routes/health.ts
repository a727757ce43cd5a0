/** `GET /healthz`: this process answers. */
import { sendJson } from '../http/send-body.ts'
import { defineRoute, type Route } from '../route.ts'

const DESCRIPTION = {
  path: '/healthz',
  operationId: 'getHealth',
  tag: 'Operation',
  summary: 'Whether this process answers, whatever the database does.',
  description: 'For whatever starts the api again when it hangs.',
  parameters: {},
  answer: { description: 'It does.', json: 'Health' },
  refusals: [],
  isAboutProcess: true,
} as const

export function healthRoute(): Route {
  return defineRoute(DESCRIPTION, async ({ req, res }) => {
    res.set('Cache-Control', 'no-store')
    await sendJson(req, res, { ok: true })
  })
}
