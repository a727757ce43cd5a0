/**
 * Every query parameter, by its name on the wire: from the text in a URL to a value, with what is allowed. Both the
 * checking and the OpenAPI description come from here.
 *
 * A parameter comes as Express' simple query parser gives it: a string, an array when it came more than once, undefined
 * when it did not come at all.
 */
import { z } from 'zod'
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

/** Of an event: the cursor to go on from, and where the client named an epoch what follows the database in that of it. */
export const EVENT_ID = /^(\d+)(?:\.([0-9a-f]{16}(?:\.[0-9a-z]{1,10})?))?$/

const size = z.int().min(1).max(LARGEST_MAX_SIZE)

/** A change's number: nothing and what is below zero mean the beginning. */
const cursor = z
  .preprocess((raw) => toNumber(raw, INTEGER, 0), z.int(CURSOR_ALLOWED).min(0, CURSOR_ALLOWED))
  .default(0)
  .meta({
    description: 'Where the client is: a cursor that an earlier answer gave, or 0 for the beginning.',
    examples: [57],
  })

/** Read by itself, since an empty one is none. */
const lastEventId = z
  .string()
  .regex(EVENT_ID)
  .optional()
  .meta({
    description: 'The id of the last event that the client has had, as it came: goes before cursor.',
    examples: [EXAMPLES.eventId],
  })

/** What makes no sense as a size is as good as the usual one; without it the answer holds everything. */
const maxSize = z
  .preprocess((raw) => {
    const { data = DEFAULT_MAX_SIZE } = size.safeParse(toNumber(raw, INTEGER, Number.NEGATIVE_INFINITY))
    return data
  }, size)
  .optional()
  .meta({
    description: 'Changes a page at most. Without it the answer holds all changes; anything else counts as 1000.',
    examples: [500],
  })

/** Whoever would wait for longer than the limit waits that long: an answer without changes says nothing else. */
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
    description: `Seconds to wait for something to answer, if there is nothing yet. More than ${WAIT_SECONDS_MAX} counts as ${WAIT_SECONDS_MAX}.`,
    examples: [30],
  })

const epoch = text('epoch', 64)
  .optional()
  .meta({
    description:
      'The Feed-Epoch of the very answer that gave the cursor. The answer is 410 if the database was never in the state that the answer was read from.',
    examples: [EXAMPLES.epoch],
  })

const include = z
  .literal('path', 'include can only be "path".')
  .optional()
  .meta({ description: 'Gives each node its full path as a last key, null where it has none.', examples: ['path'] })

const under = text('under', 64)
  .optional()
  .meta({
    description: 'Only this node and what is below it. What moved out of there is shown as removed.',
    examples: [EXAMPLES.folderId],
  })

const type = z
  .enum(['file', 'directory'], 'type must be "file" or "directory".')
  .optional()
  .meta({ description: 'Only nodes of this type. Removals are always there.', examples: ['file'] })

const settled = boolean('settled')
  .optional()
  .meta({ description: 'Leaves out files that wait for their hash; they come when it is known.', examples: [true] })

const strict = boolean('strict')
  .optional()
  .meta({ description: 'Answers 503 while anything is not well, too.', examples: [true] })

const pageSize = z
  .preprocess(
    (raw) => toNumber(raw, INTEGER, 0),
    z.int(PAGE_SIZE_ALLOWED).min(1, PAGE_SIZE_ALLOWED).max(LARGEST_PAGE_SIZE, PAGE_SIZE_ALLOWED),
  )
  .default(DEFAULT_MAX_SIZE)
  .meta({ description: 'Nodes a page at most.', examples: [100] })

const page = text('page', PAGE_TOKEN_CHARACTERS_MAX)
  .optional()
  .meta({ description: 'The next_page of the page before.', examples: [EXAMPLES.nextPage] })

const ids = z
  .preprocess(
    (raw) => (typeof raw === 'string' ? [raw] : raw),
    z
      .array(z.string(IDS_ALLOWED).min(1, IDS_ALLOWED).max(64, IDS_ALLOWED), IDS_ALLOWED)
      .min(1, IDS_ALLOWED)
      .max(IDS_MAX, IDS_ALLOWED),
  )
  .meta({ description: 'A node id; given once for each node.', examples: [[EXAMPLES.fileId, EXAMPLES.folderId]] })

const path = z
  .string(PATH_ALLOWED)
  .startsWith('/', PATH_ALLOWED)
  .optional()
  .meta({ description: 'An absolute path as the indexer sees it.', examples: [EXAMPLES.path] })

const hash = z
  .preprocess(
    (raw) => (typeof raw === 'string' ? raw.toLowerCase() : raw),
    z.string(HASH_ALLOWED).regex(/^[0-9a-f]{32}$/, HASH_ALLOWED),
  )
  .optional()
  .meta({ description: 'The MD5 of a content: every file that has it.', examples: [EXAMPLES.hash] })

/** Grouped by the routes that take them. */
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
 * The number that a text holds, not below `least`; anything else is left for the schema to refuse. Integers are what the
 * original took with Python's `int()`, short of its `1_000`: blanks around it, a sign, leading zeros. A `+5` written into
 * a URL as it is arrives as ` 5`, because a plus sign there is a blank.
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

/** `true` is what the description says and what clients made from it send; Python's write it with a capital. */
function boolean(name: string) {
  const toBoolean = (raw: unknown) => (typeof raw === 'string' ? (BOOLEANS.get(raw.toLowerCase()) ?? raw) : raw)
  return z.preprocess(toBoolean, z.boolean(`${name} must be true or false, or 1 or 0.`))
}

function text(name: string, longest: number) {
  const allowed = `${name} must be one text of 1 to ${longest} characters.`
  return z.string(allowed).min(1, allowed).max(longest, allowed)
}
