/** The config's keys: what each may hold and its default. Nothing here looks at the disk. */
import { availableParallelism } from 'node:os'
import { isAbsolute } from 'node:path'
import { z } from 'zod'
import { MISSING, type Mistake, shownValue } from './mistake.ts'
import { nearestWord } from './nearest-word.ts'

const PATH_ALLOWED = 'must be a path'
const DATABASE_ALLOWED = 'must be the path of an SQLite file, absolute or relative to the config file'
export const WATCHES_ALLOWED = 'must name at least one folder to watch, as in "media: /mnt/media"'
const WATCH_NAME_ALLOWED = 'a name must not be empty, "." or "..", and must not contain "/" or NUL'
const FOLDER_ALLOWED = 'must be the absolute path of a folder, starting with "/"'
const EXCLUDE_ALLOWED = 'must be a list of patterns, as in ["*.part", "lost+found"]'
const PATTERN_ALLOWED =
  'must be a pattern for a name, as in "*.part", or for a path from the name of a watch on, as in "photos/**/Raw/*"'

const ORIGINS_ALLOWED = 'must be a list of origins, as in ["https://photos.example.org"], or ["*"] for all'
const ORIGIN_ALLOWED = 'must be an origin, such as "https://photos.example.org", without a path; or "*" for all'
const HOSTS_ALLOWED = 'must be a list of host names, as in ["nas.example.org"]'
const HOST_ALLOWED = 'must be a host name without a port, such as "nas.example.org"'
const TOKEN_ALLOWED = 'must be a text of 16 to 200 letters, digits and any of -._~+/='
const LEVEL_ALLOWED = 'must be one of debug, info, warn, error'

const path = z.string(PATH_ALLOWED).refine((text) => text !== '' && !text.includes('\0'), PATH_ALLOWED)
const folder = z.string(FOLDER_ALLOWED).refine((text) => isAbsolute(text) && !text.includes('\0'), FOLDER_ALLOWED)
const pattern = z.string(PATTERN_ALLOWED).refine(isPattern, PATTERN_ALLOWED)

const origin = z.string(ORIGIN_ALLOWED).refine(isOrigin, ORIGIN_ALLOWED)
const hostName = z
  .string(HOST_ALLOWED)
  .regex(/^[\w-]+(\.[\w-]+)*$/, HOST_ALLOWED)
  .toLowerCase()
// The form of a bearer token in RFC 6750, so that every client can send it.
const token = z
  .string(TOKEN_ALLOWED)
  .regex(/^[\w.~+/-]+=*$/, TOKEN_ALLOWED)
  .min(16, TOKEN_ALLOWED)
  .max(200, TOKEN_ALLOWED)

/** Keys with secret values: a message about a mistake leaves the value out. */
const SECRET_KEYS: readonly PropertyKey[] = ['api_token']

const KEYS = z.strictObject({
  host: orDefault(z.string('must be an address to listen on').min(1, 'must be an address to listen on'), '0.0.0.0'),
  port: orDefault(wholeNumber(1, 65_535), 8080),
  database_url: z.string(DATABASE_ALLOWED).refine(isDatabasePath, DATABASE_ALLOWED).transform(withoutScheme),
  watches: z
    .record(z.string().refine(isNodeName, WATCH_NAME_ALLOWED), folder, WATCHES_ALLOWED)
    .refine((watches) => Object.keys(watches).length > 0, WATCHES_ALLOWED),
  exclude: orDefault(z.array(pattern, EXCLUDE_ALLOWED), []),
  exclude_defaults: orDefault(z.boolean('must be true or false'), true),
  log_path: orDefault(path, null),
  log_level: orDefault(z.enum(['debug', 'info', 'warn', 'error'], LEVEL_ALLOWED), 'info' as const),
  api_token: orDefault(token, null),
  allowed_hosts: orDefault(z.array(hostName, HOSTS_ALLOWED), []),
  cors_origins: orDefault(z.array(origin, ORIGINS_ALLOWED), []),
  max_connections: orDefault(wholeNumber(1, 65_535), 2_000),
  max_waiting: orDefault(wholeNumber(1, 65_535), 1_000),
  metadata_workers: orDefault(wholeNumber(1, 1024), availableParallelism()),
  settle_ms: orDefault(wholeNumber(0, 600_000), 200),
  rescan_hours: orDefault(hours(720), 24),
  unwatched_rescan_minutes: orDefault(wholeNumber(1, 1440), 60),
  watcher: orDefault(
    z.strictObject(
      { backend: orDefault(z.string('must be a name, as in "inotify"'), null) },
      'must hold the key "backend", or nothing',
    ),
    null,
  ),
  skip_initial_hash: orDefault(z.boolean('must be true or false'), false),
})

export type ConfigValues = z.output<typeof KEYS>

/** How the text of a variable is read: as what the key holds. */
export type KeyKind = 'text' | 'number' | 'truth' | 'list' | 'watches' | 'watcher'

export const KEY_KINDS: Readonly<Record<keyof ConfigValues, KeyKind>> = {
  host: 'text',
  port: 'number',
  database_url: 'text',
  watches: 'watches',
  exclude: 'list',
  exclude_defaults: 'truth',
  log_path: 'text',
  log_level: 'text',
  api_token: 'text',
  allowed_hosts: 'list',
  cors_origins: 'list',
  max_connections: 'number',
  max_waiting: 'number',
  metadata_workers: 'number',
  settle_ms: 'number',
  rescan_hours: 'number',
  unwatched_rescan_minutes: 'number',
  watcher: 'watcher',
  skip_initial_hash: 'truth',
}

/** The values with which a place on the disk is checked. One with a mistake is left out: it is told already. */
export type ConfigPlaces = {
  readonly watches: Readonly<Record<string, string>>
  readonly database_url: string | null
  readonly log_path: string | null
}

export type CheckedValues = {
  /** Null if there is a mistake. */
  readonly values: ConfigValues | null
  readonly mistakes: readonly Mistake[]
  readonly places: ConfigPlaces
}

/**
 * Checks all values and fills in the defaults. A key without a value (`exclude:`) counts as not given. A key that is
 * missing because it is misspelled is one mistake, not two.
 */
export function checkConfigValues(raw: unknown): CheckedValues {
  const result = KEYS.safeParse(raw ?? {})
  const places = placesOf(raw)
  if (result.success) return { values: result.data, mistakes: [], places }
  const { issues } = result.error
  const unknown = issues.flatMap((issue) => {
    return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => unknownKey(key, issue.path)) : []
  })
  const meant = new Set(unknown.map(({ nearest }) => nearest))
  const others = issues
    .filter(({ code }) => code !== 'unrecognized_keys')
    .map((issue) => describe(issue, raw))
    .filter(({ keys, found }) => found !== MISSING || !meant.has(String(keys[0])))
  return { values: null, mistakes: [...unknown.map(({ mistake }) => mistake), ...others], places }
}

/** The known word that a mistyped key most likely means; null if there is none. */
export function nearestKey(key: string): string | null {
  return nearestWord(key, Object.keys(KEYS.shape))
}

/** The way to a value in a config file, as in `watches.media` or `exclude[1]`. */
export function showKeys(keys: readonly PropertyKey[]): string {
  return keys
    .map((key, depth) => {
      if (typeof key === 'number') return `[${key}]`
      const word = /^[\w$@+-]+$/.test(String(key)) ? String(key) : JSON.stringify(key)
      return depth === 0 ? word : `.${word}`
    })
    .join('')
}

function placesOf(raw: unknown): ConfigPlaces {
  const { watches, database_url, log_path } = (raw ?? {}) as Readonly<Record<string, unknown>>
  const isWatch = ([name, at]: [string, unknown]) => isNodeName(name) && folder.safeParse(at).success
  const entries = typeof watches === 'object' && watches !== null ? Object.entries(watches).filter(isWatch) : []
  return {
    watches: Object.fromEntries(entries) as Record<string, string>,
    database_url: KEYS.shape.database_url.safeParse(database_url).data ?? null,
    log_path: KEYS.shape.log_path.safeParse(log_path).data ?? null,
  }
}

function describe(issue: z.core.$ZodIssue, raw: unknown): Mistake {
  const keys = issue.path
  const allowed = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
  if (keys.length === 0) {
    return { keys, found: shownValue(raw), allowed: 'must hold keys and values, as in "port: 8080"' }
  }
  if (SECRET_KEYS.includes(keys[0] ?? '')) return { keys, found: null, allowed: `the value ${allowed}` }
  return { keys, found: shownValue(valueAt(raw, keys)), allowed }
}

function unknownKey(key: string, above: readonly PropertyKey[]): { mistake: Mistake; nearest: string | null } {
  const known = Object.keys(above[0] === 'watcher' ? { backend: null } : KEYS.shape)
  const nearest = nearestWord(key, known)
  const hint = nearest === null ? `known keys are ${known.join(', ')}` : `did you mean "${nearest}"?`
  return { mistake: { keys: [...above, key], found: null, allowed: `unknown key; ${hint}` }, nearest }
}

function valueAt(raw: unknown, keys: readonly PropertyKey[]): unknown {
  return keys.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key], raw)
}

function orDefault<Schema extends z.ZodType, Default>(schema: Schema, value: Default) {
  return schema.nullish().transform((given) => given ?? value)
}

function wholeNumber(least: number, most: number) {
  const allowed = `must be a whole number from ${least} to ${most}`
  return z.int(allowed).min(least, allowed).max(most, allowed)
}

function hours(most: number) {
  const allowed = `must be a number of hours, more than 0, at most ${most}`
  return z.number(allowed).positive(allowed).max(most, allowed)
}

/** Whether this can be the name of a node: names are parts of paths. */
function isNodeName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name)
}

/** A path has no component that no name can be: it would match nothing. */
function isPattern(text: string): boolean {
  return !text.includes('\0') && text.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}

/** Whether this is an origin as browsers send it: scheme, host and perhaps a port, in the canonical form. */
function isOrigin(text: string): boolean {
  return text === '*' || (/^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text)
}

const SQLITE_URL = /^sqlite:\/\/\//
const ANY_URL = /^[a-z][a-z0-9+.-]*:\/\//i

function isDatabasePath(text: string): boolean {
  const path = withoutScheme(text)
  return path !== '' && !path.includes('\0') && !ANY_URL.test(path)
}

/** SQLAlchemy's form has three slashes before a relative path, and four before an absolute one. */
function withoutScheme(url: string): string {
  return url.replace(SQLITE_URL, '')
}
