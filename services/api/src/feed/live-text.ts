/**
 * The JSON of a live change, made by SQLite from its columns. In JavaScript the same text takes twice the time of reading
 * the columns. `wire/change-json.ts` makes it from a row; a test holds the two together.
 */
import { sql } from '@drive-feed/shared/drizzle.ts'
import { nodes } from '@drive-feed/shared/schema.ts'

/** Up to here a number of SQLite is one of JavaScript, and a time is in a year of four digits. */
const EXACT_MAX = sql.raw(String(Number.MAX_SAFE_INTEGER))

const NUMBERS = [nodes.size, nodes.width, nodes.height, nodes.msDuration, nodes.ctime, nodes.mtime]
const isUsual = sql.join(
  NUMBERS.map((column) => sql`${column} BETWEEN 0 AND ${EXACT_MAX}`),
  sql` AND `,
)

/** Date, time of day and fraction: `date` and `time` take a third of the time of one `strftime`. */
const parts = (time: typeof nodes.ctime | typeof nodes.mtime) =>
  sql`date(${time} / 1000000, 'unixepoch'), time(${time} / 1000000, 'unixepoch'),
    iif(${time} % 1000000, format('.%06d', ${time} % 1000000), '')`

const truth = (column: typeof nodes.isDirectory | typeof nodes.isImage | typeof nodes.isVideo) =>
  sql`iif(${column} = 1, 'true', 'false')`

/** The keys in their order, which is part of the wire contract. */
const FORMAT = sql.raw(`'{"removed":false,"node":{"id":%s,"parent_id":%s,"name":%s,"is_directory":%s,\
"ctime":"%sT%s%s+00:00","mtime":"%sT%s%s+00:00","mime_type":%s,"hash":%s,"size":%d,"is_image":%s,"is_video":%s,\
"width":%d,"height":%d,"ms_duration":%d}}'`)

/** Null for a row with a number that SQLite and JavaScript write in different ways, and where there is no node. */
export const liveText = sql<string | null>`CASE WHEN ${isUsual} THEN format(${FORMAT},
  json_quote(${nodes.nodeId}), json_quote(${nodes.parentId}), json_quote(${nodes.name}), ${truth(nodes.isDirectory)},
  ${parts(nodes.ctime)}, ${parts(nodes.mtime)}, json_quote(${nodes.mimeType}), json_quote(${nodes.hash}), ${nodes.size},
  ${truth(nodes.isImage)}, ${truth(nodes.isVideo)}, ${nodes.width}, ${nodes.height}, ${nodes.msDuration}) END`
