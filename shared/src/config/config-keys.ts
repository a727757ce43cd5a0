/** The config's keys: what each may hold and its default. Nothing here looks at the disk. */
import { availableParallelism } from 'node:os'
import { isAbsolute } from 'node:path'
import { z } from 'zod'
import { ConfigError } from './config-error.ts'
import { nearestWord } from './nearest-word.ts'

const PATH_ALLOWED = 'must be a path'
const DATABASE_ALLOWED = 'must be the path of an SQLite file, absolute or relative to the config file'
const WATCHES_ALLOWED = 'must name at least one folder to watch, as in "media: /mnt/media"'
const WATCH_NAME_ALLOWED = 'a name must not be empty, "." or "..", and must not contain "/" or NUL'
const FOLDER_ALLOWED = 'must be the absolute path of a folder, starting with "/"'
const EXCLUDE_ALLOWED = 'must be a list of patterns, as in ["*.part", "lost+found"]'
const PATTERN_ALLOWED = 'must be a pattern for one name, without "/"'

const ORIGINS_ALLOWED = 'must be a list of origins, as in ["https://photos.example.org"], or ["*"] for all'
const ORIGIN_ALLOWED = 'must be an origin, such as "https://photos.example.org", without a path; or "*" for all'
const HOSTS_ALLOWED = 'must be a list of host names, as in ["nas.example.org"]'
const HOST_ALLOWED = 'must be a host name without a port, such as "nas.example.org"'
const TOKEN_ALLOWED = 'must be a text of 16 to 200 letters, digits and any of -._~+/='
const LEVEL_ALLOWED = 'must be one of debug, info, warn, error'

const path = z.string(PATH_ALLOWED).refine((text) => text !== '' && !text.includes('\0'), PATH_ALLOWED)
const folder = z.string(FOLDER_ALLOWED).refine((text) => isAbsolute(text) && !text.includes('\0'), FOLDER_ALLOWED)
const pattern = z.string(PATTERN_ALLOWED).refine((text) => text !== '' && !text.includes('/'), PATTERN_ALLOWED)

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

/**
 * Checks the YAML's values and fills in the defaults. A key without a value (`exclude:`) counts as not given.
 *
 * @throws {ConfigError} names the first mistake. An unknown key comes first, since it may explain a missing one
 */
export function parseConfigValues(raw: unknown): ConfigValues {
  const result = KEYS.safeParse(raw ?? {})
  if (result.success) return result.data
  const issues = result.error.issues
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]
  throw new ConfigError(issue === undefined ? 'not valid' : describe(issue, raw))
}

function describe(issue: z.core.$ZodIssue, raw: unknown): string {
  if (issue.code === 'unrecognized_keys') return describeUnknownKey(issue.keys[0] ?? '', issue.path)
  if (issue.path.length === 0) return `${show(raw)}: must hold keys and values, as in "port: 8080"`
  const allowed = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
  const isSecret = SECRET_KEYS.includes(issue.path[0] ?? '')
  return `${showKey(issue.path)}: ${isSecret ? 'the value' : `${show(valueAt(raw, issue.path))}:`} ${allowed}`
}

function describeUnknownKey(key: string, above: readonly PropertyKey[]): string {
  const known = Object.keys(above[0] === 'watcher' ? { backend: null } : KEYS.shape)
  const nearest = nearestWord(key, known)
  const hint = nearest === null ? `known keys are ${known.join(', ')}` : `did you mean "${nearest}"?`
  return `${showKey([...above, key])}: unknown key; ${hint}`
}

function showKey(keys: readonly PropertyKey[]): string {
  return keys
    .map((key, depth) => {
      if (typeof key === 'number') return `[${key}]`
      const word = /^[\w$@+-]+$/.test(String(key)) ? String(key) : JSON.stringify(key)
      return depth === 0 ? word : `.${word}`
    })
    .join('')
}

function valueAt(raw: unknown, keys: readonly PropertyKey[]): unknown {
  return keys.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key], raw)
}

/** One line, whatever the value is. */
function show(value: unknown): string {
  if (value === undefined || value === null) return 'missing'
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
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
