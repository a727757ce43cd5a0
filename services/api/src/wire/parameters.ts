/**
 * Every query parameter: how its text becomes a value, and which values are allowed. Requests are checked by these schemas,
 * and the OpenAPI description is made of them.
 *
 * The input is what the query parser gives: a string, an array if the parameter was given several times, undefined if it
 * was not given.
 */
import { z } from 'zod'
import { EVENT_ID } from './event-id.ts'
import { EXAMPLES } from './examples.ts'
import { PAGE_TOKEN_CHARACTERS_MAX } from './page-token.ts'

const CURSOR_ALLOWED = 'cursor must be one integer, at most 9007199254740991.'
const WAIT_ALLOWED = 'wait must be a number of seconds, 0 or more.'
const PAGE_SIZE_ALLOWED = 'max_size must be an integer from 1 to 1000.'
const HASH_ALLOWED = 'hash must be an MD5 in hex, 32 digits.'
const PATH_ALLOWED = 'path must be one absolute path, starting with "/".'
const IDS_ALLOWED = 'id must be given 1 to 100 times, each a node id.'

const DEFAULT_MAX_SIZE = 1_000
const LARGEST_MAX_SIZE = 10_000
const LARGEST_PAGE_SIZE = 1_000
const WAIT_SECONDS_MAX = 55
const IDS_MAX = 100

const size = z.int().min(1).max(LARGEST_MAX_SIZE)

/** The number of a change. No cursor and a negative one both mean the beginning. */
const cursor = z
  .preprocess((raw) => toNumber(raw, INTEGER, 0), z.int(CURSOR_ALLOWED).min(0, CURSOR_ALLOWED))
  .default(0)
  .meta({
    description: 'The cursor of the last answer that the client received, or 0 to start from the beginning.',
    examples: [57],
  })

/** Only describes the header: `routes/events.ts` reads it, because an empty one counts as none. */
const lastEventId = z
  .string()
  .regex(EVENT_ID)
  .optional()
  .meta({
    description: 'The id of the last event that the client received. It takes precedence over cursor.',
    examples: [EXAMPLES.eventId],
  })

/** Without it the answer holds all changes. A value that is no size counts as the default, as in the original program. */
const maxSize = z
  .preprocess((raw) => {
    const { data = DEFAULT_MAX_SIZE } = size.safeParse(toNumber(raw, INTEGER, Number.NEGATIVE_INFINITY))
    return data
  }, size)
  .optional()
  .meta({
    description:
      'The maximum number of changes in the answer, up to 10000. Without it the answer holds all changes. Any other value counts as 1000.',
    examples: [500],
  })

/** A longer wait is cut to the limit: the client only gets an answer without changes earlier. */
const wait = z
  .preprocess(
    (raw) => {
      const seconds = toNumber(raw, DECIMAL, 0)
      return typeof seconds === 'number' ? Math.min(seconds, WAIT_SECONDS_MAX) : seconds
    },
    z.number(WAIT_ALLOWED).min(0, WAIT_ALLOWED),
  )
  .optional()
  .meta({
    description: `Long poll: the number of seconds to wait for a change if there is none yet. More than ${WAIT_SECONDS_MAX} counts as ${WAIT_SECONDS_MAX}.`,
    examples: [30],
  })

const epoch = text('epoch', 64)
  .optional()
  .meta({
    description:
      'The Feed-Epoch of the answer that the cursor is from. The server answers 410 if its database was never in the state that this answer was read from.',
    examples: [EXAMPLES.epoch],
  })

const include = z
  .literal('path', 'include can only be "path".')
  .optional()
  .meta({ description: 'Adds the full path to each node as its last key, null if it has none.', examples: ['path'] })

const under = text('under', 64)
  .optional()
  .meta({
    description: 'Only this node and the nodes below it. A node that moves out of there is listed as removed.',
    examples: [EXAMPLES.folderId],
  })

const type = z
  .enum(['file', 'directory'], 'type must be "file" or "directory".')
  .optional()
  .meta({ description: 'Only nodes of this type. Removals are always listed.', examples: ['file'] })

const settled = boolean('settled')
  .optional()
  .meta({
    description: 'Leaves out files that wait for their hash. Each is listed once it was read.',
    examples: [true],
  })

const strict = boolean('strict')
  .optional()
  .meta({ description: 'Answers 503 also while there is any problem.', examples: [true] })

const pageSize = z
  .preprocess(
    (raw) => toNumber(raw, INTEGER, 0),
    z.int(PAGE_SIZE_ALLOWED).min(1, PAGE_SIZE_ALLOWED).max(LARGEST_PAGE_SIZE, PAGE_SIZE_ALLOWED),
  )
  .default(DEFAULT_MAX_SIZE)
  .meta({ description: 'The maximum number of nodes in a page.', examples: [100] })

const page = text('page', PAGE_TOKEN_CHARACTERS_MAX)
  .optional()
  .meta({ description: 'The next_page of the previous page.', examples: [EXAMPLES.nextPage] })

const ids = z
  .preprocess(
    (raw) => (typeof raw === 'string' ? [raw] : raw),
    z
      .array(z.string(IDS_ALLOWED).min(1, IDS_ALLOWED).max(64, IDS_ALLOWED), IDS_ALLOWED)
      .min(1, IDS_ALLOWED)
      .max(IDS_MAX, IDS_ALLOWED),
  )
  .meta({
    description: 'A node id. Repeat the parameter for further nodes.',
    examples: [[EXAMPLES.fileId, EXAMPLES.folderId]],
  })

const path = z
  .string(PATH_ALLOWED)
  .startsWith('/', PATH_ALLOWED)
  .optional()
  .meta({ description: 'An absolute path, as the indexer sees it.', examples: [EXAMPLES.path] })

const hash = z
  .preprocess(
    (raw) => (typeof raw === 'string' ? raw.toLowerCase() : raw),
    z.string(HASH_ALLOWED).regex(/^[0-9a-f]{32}$/, HASH_ALLOWED),
  )
  .optional()
  .meta({ description: 'An MD5: finds every file with this content.', examples: [EXAMPLES.hash] })

/** By the routes that take them. */
export const PARAMETERS = {
  position: { cursor, epoch },
  view: { include, under, type, settled },
  changes: { max_size: maxSize, wait },
  listing: { max_size: pageSize, page, include },
  lookup: { path, hash },
  paths: { id: ids },
  node: { include },
  lastEvent: { 'Last-Event-ID': lastEventId },
  readiness: { strict },
}

const INTEGER = /^\s*[+-]?\d+\s*$/
const DECIMAL = /^\d+(\.\d+)?$/

/**
 * The number in a text, at least `least`. Any other value is passed on for the schema to refuse. An integer may have blanks
 * around it, a sign and leading zeros, as the original program's `int()` of Python takes it, but no `_`. An unescaped `+5`
 * in a URL arrives as ` 5`, because a plus sign there means a blank.
 */
function toNumber(raw: unknown, pattern: RegExp, least: number): unknown {
  return typeof raw === 'string' && pattern.test(raw) ? Math.max(Number(raw), least) : raw
}

const BOOLEANS: ReadonlyMap<unknown, boolean> = new Map([
  ...([
    ['true', true],
    ['1', true],
  ] as const),
  ...([
    ['false', false],
    ['0', false],
  ] as const),
])

/** Generated clients send `true`, as the description says; those in Python may send `True`. */
function boolean(name: string) {
  const toBoolean = (raw: unknown) => (typeof raw === 'string' ? (BOOLEANS.get(raw.toLowerCase()) ?? raw) : raw)
  return z.preprocess(toBoolean, z.boolean(`${name} must be true or false, or 1 or 0.`))
}

function text(name: string, longest: number) {
  const allowed = `${name} must be one text of 1 to ${longest} characters.`
  return z.string(allowed).min(1, allowed).max(longest, allowed)
}
