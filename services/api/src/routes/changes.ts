/** `GET /api/v1/changes`: what changed after a cursor. */
import { type Answer, beginAnswer, type Page } from '../feed/changes-reader.ts'
import type { DatabaseSource } from '../feed/database-source.ts'
import { viewOf } from '../feed/view.ts'
import { isNotModified, sendNotModified, setFeedHeaders } from '../http/feed-headers.ts'
import { PIECE_CHARACTERS } from '../http/json-pieces.ts'
import { sendProblem } from '../http/problem.ts'
import { sendPieces } from '../http/send-body.ts'
import { clientGone } from '../waiting/client-gone.ts'
import type { FeedWatch } from '../waiting/feed-watch.ts'
import { longPoll } from '../waiting/long-poll.ts'
import { changeTexts } from '../wire/change-json.ts'
import { PARAMETERS } from '../wire/parameters.ts'
import { defineRoute, type Route } from './route.ts'

const DESCRIPTION = {
  path: '/api/v1/changes',
  operationId: 'getChanges',
  tag: 'Changes',
  summary: 'What changed after a cursor, oldest first: each node at most once, in its current state.',
  description:
    'A node that changed several times is listed once. Without max_size the answer holds all changes, however many; with max_size, has_more says whether to ask for more immediately. With wait the request is a long poll: the answer comes as soon as there is a change.',
  parameters: { ...PARAMETERS.position, ...PARAMETERS.changes, ...PARAMETERS.view },
  answer: { description: 'The changes, and the cursor for the next request.', json: 'Changes' },
  hasTag: true,
  refusals: [410],
} as const

export function changesRoute(deps: { database: DatabaseSource; watch: FeedWatch }): Route {
  return defineRoute(DESCRIPTION, async ({ req, res, values }) => {
    const { cursor, epoch, max_size: maxSize = null, wait: waitSeconds = 0 } = values
    const view = viewOf(values)
    const signal = clientGone(res)
    const polled = await longPoll(deps, { cursor, epoch, view, waitSeconds, signal })
    if (polled.reading === null) {
      setFeedHeaders(res, polled.feed)
      return sendProblem(res, polled.refusal)
    }
    const { reading, noneUpTo } = polled
    const answer = await beginAnswer(reading, { cursor, noneUpTo, maxSize, view, signal })
    if (isNotModified(req, res, answer.feed, answer.epoch)) return sendNotModified(res)
    res.type('json')
    if (req.method === 'HEAD') return void res.end()
    await sendPieces(req, res, answerPieces(answer))
  })
}

/** A page in parts, so that one with very long paths does not block other requests. */
function* partsOf(page: Page): Generator<Page> {
  let [begin, characters] = [0, 0]
  for (const [at, one] of page.entries()) {
    characters += 'path' in one ? (one.path?.length ?? 0) : 0
    if (characters < PIECE_CHARACTERS) continue
    yield page.slice(begin, at + 1)
    begin = at + 1
    characters = 0
  }
  if (begin < page.length) yield page.slice(begin)
}

/** The answer's text, a page at a time; a short answer is one piece. */
function* answerPieces({ cursor, hasMore, pages }: Answer): Generator<string | Buffer> {
  let texts: (string | Buffer)[] = [`{"cursor":${cursor},"changes":[`]
  let separator = ''
  for (const page of pages) {
    // An empty page is a piece too: other requests get a turn between two pieces.
    yield separator === '' ? '' : joined(texts)
    if (separator !== '') texts = []
    if (page.length === 0) continue
    for (const part of partsOf(page)) {
      texts.push(separator, ...changeTexts(part))
      separator = ','
      if (part.at(-1) === page.at(-1)) continue
      yield joined(texts)
      texts = []
    }
  }
  texts.push(`],"has_more":${hasMore}}`)
  yield joined(texts)
}

function joined(texts: readonly (string | Buffer)[]): string | Buffer {
  if (texts.every((text) => typeof text === 'string')) return texts.join('')
  return Buffer.concat(texts.map((text) => (typeof text === 'string' ? Buffer.from(text) : text)))
}
