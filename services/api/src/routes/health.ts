/** `GET /healthz`: whether this process answers. */
import { sendJson } from '../http/send-body.ts'
import { defineRoute, type Route } from './route.ts'

const DESCRIPTION = {
  path: '/healthz',
  operationId: 'getHealth',
  tag: 'Operation',
  summary: 'Whether this process answers, with or without a database.',
  description: 'A liveness probe: restart the api if it fails.',
  parameters: {},
  answer: { description: 'The process answers.', json: 'Health' },
  refusals: [],
  isAboutProcess: true,
} as const

export function healthRoute(): Route {
  return defineRoute(DESCRIPTION, async ({ req, res }) => {
    res.set('Cache-Control', 'no-store')
    await sendJson(req, res, { ok: true })
  })
}
