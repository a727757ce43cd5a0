/**
 * Shows which configs are valid, what they mean, and the message for each mistake. Real files and folders in a
 * temporary folder.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { type Config, ConfigError, loadConfig } from './config.ts'

const NOTHING_KNOWN = { isKnown: () => false }
const GOOD = 'database_url: feed.db\nwatches: {media: /mnt/media}\n'
const WATCHES_ALLOWED = 'must name at least one folder to watch, as in "media: /mnt/media"'
const WATCH_NAME_ALLOWED = 'a name must not be empty, "." or "..", and must not contain "/" or NUL'
const DATABASE_ALLOWED = 'must be the path of an SQLite file, absolute or relative to the config file'
const HOURS_ALLOWED = 'must be a number of hours, more than 0, at most 720'
const WORKERS_ALLOWED = 'must be a whole number from 1 to 1024'
const KNOWN_KEYS =
  'host, port, database_url, watches, exclude, exclude_defaults, log_path, log_level, api_token, allowed_hosts, cors_origins, max_connections, max_waiting, metadata_workers, settle_ms, rescan_hours, unwatched_rescan_minutes, watcher, skip_initial_hash'

const TOKEN_ALLOWED = 'must be a text of 16 to 200 letters, digits and any of -._~+/='
const PATTERN_ALLOWED =
  'must be a pattern for a name, as in "*.part", or for a path from the name of a watch on, as in "photos/**/Raw/*"'
const HOST_ALLOWED = 'must be a host name without a port, such as "nas.example.org"'
const ORIGIN_ALLOWED = 'must be an origin, such as "https://photos.example.org", without a path; or "*" for all'

/** Mistakes, and the whole line behind the file's name. */
const MISTAKES: readonly (readonly [title: string, yaml: string, ...messages: string[]])[] = [
  ['an empty file', '', `: database_url: missing: ${DATABASE_ALLOWED}`, `: watches: missing: ${WATCHES_ALLOWED}`],
  ['a list', '- 1', ': [1]: must hold keys and values, as in "port: 8080"'],
  [
    'a bracket left open',
    'port: [1',
    ':1:9: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  ['a tab', 'port: 1\n\twatches: 3', ':2:1: not valid YAML: Tabs are not allowed as indentation'],
  ['a key twice', `${GOOD}port: 1\nport: 2`, ':4:1: not valid YAML: Map keys must be unique'],
  [
    'a star without quotes',
    `${GOOD}exclude: [*x]`,
    ': not valid YAML: Unresolved alias (the anchor must be set before the alias): x; a pattern that begins with "*" needs quotes',
  ],
  ['a mistyped key', `${GOOD}prot: 80`, ': prot: unknown key; did you mean "port"?'],
  [
    'a mistyped key that makes another one missing',
    'databse_url: x\nwatches: {a: /a}',
    ': databse_url: unknown key; did you mean "database_url"?',
  ],
  [
    'a mistyped key below another',
    `${GOOD}watcher: {bakend: inotify}`,
    ': watcher.bakend: unknown key; did you mean "backend"?',
  ],
  ['a key like no other', `${GOOD}colour: red`, `: colour: unknown key; known keys are ${KNOWN_KEYS}`],
  ['no database_url', 'watches: {media: /mnt/media}', `: database_url: missing: ${DATABASE_ALLOWED}`],
  [
    'another kind of database',
    'database_url: postgres://x/y\nwatches: {a: /a}',
    `: database_url: "postgres://x/y": ${DATABASE_ALLOWED}`,
  ],
  ['a database_url that is a number', 'database_url: 3\nwatches: {a: /a}', `: database_url: 3: ${DATABASE_ALLOWED}`],
  ['no watches', 'database_url: feed.db', `: watches: missing: ${WATCHES_ALLOWED}`],
  ['empty watches', 'database_url: feed.db\nwatches: {}', `: watches: {}: ${WATCHES_ALLOWED}`],
  ['watches as a list', 'database_url: feed.db\nwatches: [/a]', `: watches: ["/a"]: ${WATCHES_ALLOWED}`],
  ['an empty watch name', 'database_url: f\nwatches: {"": /a}', `: watches."": "/a": ${WATCH_NAME_ALLOWED}`],
  ['a watch name with a slash', 'database_url: f\nwatches: {a/b: /a}', `: watches."a/b": "/a": ${WATCH_NAME_ALLOWED}`],
  [
    'a watch name with NUL',
    'database_url: f\nwatches: {"a\\0": /a}',
    `: watches."a\\u0000": "/a": ${WATCH_NAME_ALLOWED}`,
  ],
  ['the watch name .', 'database_url: f\nwatches: {.: /a}', `: watches.".": "/a": ${WATCH_NAME_ALLOWED}`],
  ['the watch name ..', 'database_url: f\nwatches: {..: /a}', `: watches."..": "/a": ${WATCH_NAME_ALLOWED}`],
  [
    'a relative folder',
    'database_url: f\nwatches: {a: media}',
    ': watches.a: "media": must be the absolute path of a folder, starting with "/"',
  ],
  [
    'a watch without folder',
    'database_url: f\nwatches: {a: }',
    ': watches.a: missing: must be the absolute path of a folder, starting with "/"',
  ],
  [
    'one watch inside another',
    'database_url: f\nwatches: {a: /a, b: /a/b/}',
    ': watches.b: "/a/b" is inside watches.a (/a): must be outside every other watch',
  ],
  [
    'one watch around another',
    'database_url: /f\nwatches: {a: /a/b, b: /}',
    ': database_url: "/f" is inside watches.b (/): must be outside every watched folder',
    ': watches.a: "/a/b" is inside watches.b (/): must be outside every other watch',
  ],
  [
    'a folder watched twice',
    'database_url: f\nwatches: {a: /a, b: /x/../a/}',
    ': watches.b: "/a" is the same folder as watches.a (/a): must be another one',
  ],
  [
    'the database inside a watch',
    'database_url: /a/f.db\nwatches: {a: /a}',
    ': database_url: "/a/f.db" is inside watches.a (/a): must be outside every watched folder',
  ],
  [
    'the log inside a watch',
    'database_url: f\nlog_path: /a/b/f.log\nwatches: {a: /a}',
    ': log_path: "/a/b/f.log" is inside watches.a (/a): must be outside every watched folder',
  ],
  ['port 0', `${GOOD}port: 0`, ': port: 0: must be a whole number from 1 to 65535'],
  ['port 65536', `${GOOD}port: 65536`, ': port: 65536: must be a whole number from 1 to 65535'],
  ['a port that is text', `${GOOD}port: "80"`, ': port: "80": must be a whole number from 1 to 65535'],
  ['an empty host', `${GOOD}host: ""`, ': host: "": must be an address to listen on'],
  [
    'exclude as text',
    `${GOOD}exclude: a`,
    ': exclude: "a": must be a list of patterns, as in ["*.part", "lost+found"]',
  ],
  ['a pattern that is a number', `${GOOD}exclude: [a, 3]`, `: exclude[1]: 3: ${PATTERN_ALLOWED}`],
  ['a pattern for an absolute path', `${GOOD}exclude: [/a/b]`, `: exclude[0]: "/a/b": ${PATTERN_ALLOWED}`],
  ['a pattern with an empty component', `${GOOD}exclude: [a/]`, `: exclude[0]: "a/": ${PATTERN_ALLOWED}`],
  ['a pattern with dots', `${GOOD}exclude: [a/../b]`, `: exclude[0]: "a/../b": ${PATTERN_ALLOWED}`],
  ['log_path as a number', `${GOOD}log_path: 3`, ': log_path: 3: must be a path'],
  ['no workers', `${GOOD}metadata_workers: 0`, `: metadata_workers: 0: ${WORKERS_ALLOWED}`],
  ['half a worker', `${GOOD}metadata_workers: 1.5`, `: metadata_workers: 1.5: ${WORKERS_ALLOWED}`],
  ['negative settle_ms', `${GOOD}settle_ms: -1`, ': settle_ms: -1: must be a whole number from 0 to 600000'],
  [
    'settle_ms of an hour',
    `${GOOD}settle_ms: 3600000`,
    ': settle_ms: 3600000: must be a whole number from 0 to 600000',
  ],
  [
    'no unwatched_rescan_minutes',
    `${GOOD}unwatched_rescan_minutes: 0`,
    ': unwatched_rescan_minutes: 0: must be a whole number from 1 to 1440',
  ],
  [
    'two days of unwatched_rescan_minutes',
    `${GOOD}unwatched_rescan_minutes: 2880`,
    ': unwatched_rescan_minutes: 2880: must be a whole number from 1 to 1440',
  ],
  [
    'half an unwatched_rescan_minutes',
    `${GOOD}unwatched_rescan_minutes: 0.5`,
    ': unwatched_rescan_minutes: 0.5: must be a whole number from 1 to 1440',
  ],
  ['no rescan_hours', `${GOOD}rescan_hours: 0`, `: rescan_hours: 0: ${HOURS_ALLOWED}`],
  ['too many rescan_hours', `${GOOD}rescan_hours: 721`, `: rescan_hours: 721: ${HOURS_ALLOWED}`],
  ['endless rescan_hours', `${GOOD}rescan_hours: .inf`, `: rescan_hours: Infinity: ${HOURS_ALLOWED}`],
  ['an unknown log_level', `${GOOD}log_level: loud`, ': log_level: "loud": must be one of debug, info, warn, error'],
  ['a short api_token, which is not shown', `${GOOD}api_token: secret`, `: api_token: the value ${TOKEN_ALLOWED}`],
  ['an api_token with blanks', `${GOOD}api_token: "0123456789 abcdef"`, `: api_token: the value ${TOKEN_ALLOWED}`],
  ['an api_token that is a number', `${GOOD}api_token: 12345678901234567`, `: api_token: the value ${TOKEN_ALLOWED}`],
  ['an allowed host with a port', `${GOOD}allowed_hosts: ["nas:80"]`, `: allowed_hosts[0]: "nas:80": ${HOST_ALLOWED}`],
  [
    'allowed hosts as text',
    `${GOOD}allowed_hosts: nas`,
    ': allowed_hosts: "nas": must be a list of host names, as in ["nas.example.org"]',
  ],
  ['an origin with a path', `${GOOD}cors_origins: ["http://a/"]`, `: cors_origins[0]: "http://a/": ${ORIGIN_ALLOWED}`],
  ['an origin without a scheme', `${GOOD}cors_origins: [nas]`, `: cors_origins[0]: "nas": ${ORIGIN_ALLOWED}`],
  ['no connections', `${GOOD}max_connections: 0`, ': max_connections: 0: must be a whole number from 1 to 65535'],
  ['half a waiting client', `${GOOD}max_waiting: 0.5`, ': max_waiting: 0.5: must be a whole number from 1 to 65535'],
  ['watcher as text', `${GOOD}watcher: inotify`, ': watcher: "inotify": must hold the key "backend", or nothing'],
  [
    'a backend that is a number',
    `${GOOD}watcher: {backend: 3}`,
    ': watcher.backend: 3: must be a name, as in "inotify"',
  ],
  ['skip_initial_hash as text', `${GOOD}skip_initial_hash: "no"`, ': skip_initial_hash: "no": must be true or false'],
]

for (const [title, yaml, ...messages] of MISTAKES) {
  test(`a mistake in the config: ${title}`, (t) => {
    const path = writeConfig(temporaryFolder(t), yaml)
    assert.deepEqual(
      mistakesOf(() => loadConfig(path, { checkFolders: false })),
      messages.map((message) => path + message),
    )
  })
}

test('all mistakes are told, in the order of the file, and what is missing comes last', (t) => {
  const { folder, config } = withFolders(t, ['media'])
  const yaml = `port: 0
watches:
  films: films
  media: ${join(folder, 'media')}
  lost: ${join(folder, 'nowhere')}
  inner: ${join(folder, 'media/inner')}
exclude: [a, 3, ""]
rescan_hours: 0
colour: red
port: 70000
databse_url: x
log_level: loud
`
  const path = config({})
  writeFileSync(path, yaml)
  const before = `${path}: `
  assert.deepEqual(
    mistakesOf(() => loadConfig(path, { checkFolders: NOTHING_KNOWN })).map((line) => line.replace(before, '')),
    [
      'watches.films: "films": must be the absolute path of a folder, starting with "/"',
      `watches.inner: "${join(folder, 'media/inner')}" is inside watches.media (${join(folder, 'media')}): must be outside every other watch`,
      `exclude[1]: 3: ${PATTERN_ALLOWED}`,
      `exclude[2]: "": ${PATTERN_ALLOWED}`,
      `rescan_hours: 0: ${HOURS_ALLOWED}`,
      `colour: unknown key; known keys are ${KNOWN_KEYS}`,
      `${path}:10:1: not valid YAML: Map keys must be unique`,
      'port: 70000: must be a whole number from 1 to 65535',
      'databse_url: unknown key; did you mean "database_url"?',
      'log_level: "loud": must be one of debug, info, warn, error',
    ],
  )
  writeFileSync(path, yaml.replace('databse_url', 'database_url'))
  const more = mistakesOf(() => loadConfig(path, { checkFolders: NOTHING_KNOWN }))
  assert.ok(
    more.includes(`${before}watches.lost: "${join(folder, 'nowhere')}" does not exist: must be an existing folder`),
  )
})

test('defaults are filled in, and keys without a value count as not given', (t) => {
  const folder = temporaryFolder(t)
  const path = writeConfig(folder, `${GOOD}port:\nexclude:\nlog_path:\nwatcher:\n`)
  assert.deepEqual(loadConfig(path, { checkFolders: false }), {
    host: '0.0.0.0',
    port: 8080,
    databasePath: join(folder, 'feed.db'),
    watches: [{ name: 'media', path: '/mnt/media', configuredPath: '/mnt/media' }],
    excludes: { patterns: [], usesDefaults: true },
    logPath: null,
    logLevel: 'info',
    apiToken: null,
    allowedHosts: [],
    corsOrigins: [],
    maxConnections: 2_000,
    maxWaiting: 1_000,
    metadataWorkers: availableParallelism(),
    settleMs: 200,
    rescanHours: 24,
    skipInitialHash: false,
    unwatchedRescanMinutes: 60,
    ignoredVariables: [],
  } satisfies Config)
})

test('every key is taken over, those of the original program without effect', (t) => {
  const yaml = `host: 127.0.0.1
port: 65535
database_url: /data/db/feed.db
watches:
  media: /mnt/media/
  2024: "/mnt/with space"
exclude: ["*.part", lost+found, media/**/Raw/*]
exclude_defaults: false
log_path: logs/feed.log
log_level: debug
api_token: 0123456789abcdef==
allowed_hosts: [NAS.example.org, localhost]
cors_origins: ["https://photos.example.org", "http://localhost:3000"]
max_connections: 50
max_waiting: 20
metadata_workers: 3
settle_ms: 0
rescan_hours: 0.5
unwatched_rescan_minutes: 1440
watcher: {backend: fanotify}
skip_initial_hash: true
`
  const folder = temporaryFolder(t)
  const config = loadConfig(writeConfig(folder, yaml), { checkFolders: false })
  assert.deepEqual(config, {
    host: '127.0.0.1',
    port: 65535,
    databasePath: '/data/db/feed.db',
    watches: [
      { name: '2024', path: '/mnt/with space', configuredPath: '/mnt/with space' },
      { name: 'media', path: '/mnt/media', configuredPath: '/mnt/media' },
    ],
    excludes: { patterns: ['*.part', 'lost+found', 'media/**/Raw/*'], usesDefaults: false },
    logPath: join(folder, 'logs/feed.log'),
    logLevel: 'debug',
    apiToken: '0123456789abcdef==',
    allowedHosts: ['nas.example.org', 'localhost'],
    corsOrigins: ['https://photos.example.org', 'http://localhost:3000'],
    maxConnections: 50,
    maxWaiting: 20,
    metadataWorkers: 3,
    settleMs: 0,
    rescanHours: 0.5,
    skipInitialHash: true,
    unwatchedRescanMinutes: 1440,
    ignoredVariables: [],
  } satisfies Config)
})

test('database_url may be an SQLite URL: three slashes and a relative path, or four and an absolute one', (t) => {
  const folder = temporaryFolder(t)
  const databasePath = (url: string) =>
    loadConfig(writeConfig(folder, `database_url: ${url}\nwatches: {a: /a}`), { checkFolders: false }).databasePath
  assert.equal(databasePath('sqlite:////data/feed.db'), '/data/feed.db')
  assert.equal(databasePath('sqlite:///db/feed.db'), join(folder, 'db/feed.db'))
})

test('a missing config file says how to name another', (t) => {
  const path = join(temporaryFolder(t), 'server.yaml')
  assert.equal(
    messageOf(() => loadConfig(path, { checkFolders: false })),
    `${path}: this config file does not exist; make it, name another with --config=PATH, or set DRIVE_FEED_WATCHES and DRIVE_FEED_DATABASE_URL`,
  )
})

test('a config file that is a folder is a mistake', (t) => {
  const path = temporaryFolder(t)
  assert.equal(
    messageOf(() => loadConfig(path, { checkFolders: false })),
    `${path}: this config file can't be read: it is a folder; name the file in it`,
  )
})

test('symbolic links in watched folders are resolved', (t) => {
  const { folder, config } = withFolders(t, ['disk/media'])
  symlinkSync(join(folder, 'disk'), join(folder, 'mnt'))
  const path = config({ media: join(folder, 'mnt/media') })
  assert.deepEqual(loadConfig(path, { checkFolders: NOTHING_KNOWN }).watches, [
    { name: 'media', path: join(folder, 'disk/media'), configuredPath: join(folder, 'mnt/media') },
  ])
  assert.deepEqual(loadConfig(path, { checkFolders: false }).watches, [
    { name: 'media', path: join(folder, 'mnt/media'), configuredPath: join(folder, 'mnt/media') },
  ])
})

test('a missing folder, a file and a folder below a file are mistakes', (t) => {
  const { folder, config } = withFolders(t, [])
  writeFileSync(join(folder, 'file'), '')
  const mistakes = [
    ['nowhere', 'does not exist: must be an existing folder'],
    ['file', 'is not a folder: must be one'],
    ['file/below', 'does not exist: must be an existing folder'],
  ] as const
  for (const [name, mistake] of mistakes) {
    const path = config({ media: join(folder, name) })
    const message = messageOf(() => loadConfig(path, { checkFolders: NOTHING_KNOWN }))
    assert.equal(message, `${path}: watches.media: "${join(folder, name)}" ${mistake}`)
  }
})

test('a folder that is away is no mistake if the database knows it, and its path is the one that it would have', (t) => {
  const { folder, config } = withFolders(t, ['disk'])
  symlinkSync(join(folder, 'disk/media'), join(folder, 'media'))
  const asked: string[] = []
  const isKnown = (path: string) => asked.push(path) > 0
  const { watches } = loadConfig(config({ media: join(folder, 'media') }), { checkFolders: { isKnown } })
  assert.deepEqual(watches, [
    { name: 'media', path: join(folder, 'disk/media'), configuredPath: join(folder, 'media') },
  ])
  assert.deepEqual(asked, [join(folder, 'disk/media')])
})

test('a folder that this user may not list, or not enter, is a mistake', (t) => {
  const { folder, config } = withFolders(t, ['folder'])
  const place = join(folder, 'folder')
  const path = config({ media: place })
  for (const mode of [0o000, 0o311, 0o644]) {
    chmodSync(place, mode)
    assert.equal(
      withoutPrivilege(() => messageOf(() => loadConfig(path, { checkFolders: NOTHING_KNOWN }))),
      `${path}: watches.media: "${place}" can't be read (EACCES): must be a folder that this user may list and enter`,
    )
  }
  chmodSync(place, 0o755)
})

test('watches that overlap only through a symbolic link are a mistake', (t) => {
  const { folder, config } = withFolders(t, ['a/inner'])
  symlinkSync(join(folder, 'a/inner'), join(folder, 'link'))
  const nested = config({ a: join(folder, 'a'), b: join(folder, 'link') })
  assert.equal(
    messageOf(() => loadConfig(nested, { checkFolders: NOTHING_KNOWN })),
    `${nested}: watches.b: "${join(folder, 'a/inner')}" is inside watches.a (${join(folder, 'a')}): must be outside every other watch`,
  )
  const same = config({ a: join(folder, 'a/inner'), b: join(folder, 'link') })
  assert.equal(
    messageOf(() => loadConfig(same, { checkFolders: NOTHING_KNOWN })),
    `${same}: watches.b: "${join(folder, 'a/inner')}" is the same folder as watches.a (${join(folder, 'a/inner')}): must be another one`,
  )
})

test('one folder under two paths, as a bind mount has it, is a mistake', (t) => {
  const { folder, config } = withFolders(t, ['disk', 'bound'])
  const [disk, bound] = [join(folder, 'disk'), join(folder, 'bound')]
  const path = config({ a: disk, b: bound })
  const source = `import { loadConfig } from '${new URL('./config.ts', import.meta.url).href}'
    try { loadConfig('${path}', { checkFolders: { isKnown: () => false } }) } catch (error) { console.log(error.message) }`
  const command = `mount --bind "$1" "$2" || exit 125; exec "$3" --input-type=module-typescript --eval "$4"`
  // A mount namespace of its own, and the rights to mount in it.
  const argv = ['--map-root-user', '--mount', 'sh', '-c', command, 'sh', disk, bound, process.execPath, source]
  const { status, stdout, error } = spawnSync('unshare', argv, { encoding: 'utf8' })
  if (error !== undefined || status !== 0) return t.skip('this system lets no one mount in a namespace')
  assert.equal(
    stdout,
    `${path}: watches.b: "${bound}" is the same folder as watches.a (${disk}): must be another one\n`,
  )
})

test('a database that is inside a watched folder through a symbolic link is a mistake', (t) => {
  const { folder, config } = withFolders(t, ['media/db'])
  symlinkSync(join(folder, 'media/db'), join(folder, 'db'))
  const path = config({ media: join(folder, 'media') }, join(folder, 'db/feed.db'))
  assert.equal(
    messageOf(() => loadConfig(path, { checkFolders: NOTHING_KNOWN })),
    `${path}: database_url: "${join(folder, 'media/db/feed.db')}" is inside watches.media (${join(folder, 'media')}): must be outside every watched folder`,
  )
})

test('folders whose names begin alike are not inside each other', (t) => {
  const { folder, config } = withFolders(t, ['media', 'media2', 'media.db'])
  const path = config({ a: join(folder, 'media'), b: join(folder, 'media2') }, join(folder, 'media.db/feed.db'))
  assert.equal(loadConfig(path, { checkFolders: NOTHING_KNOWN }).watches.length, 2)
})

function writeConfig(folder: string, yaml: string): string {
  const path = join(folder, 'server.yaml')
  writeFileSync(path, yaml)
  return path
}

function withFolders(t: TestContext, names: readonly string[]) {
  const folder = temporaryFolder(t, 'for others')
  for (const name of names) mkdirSync(join(folder, name), { recursive: true })
  const config = (watches: Record<string, string>, databaseUrl = join(folder, 'feed.db')) =>
    writeConfig(folder, JSON.stringify({ database_url: databaseUrl, watches }))
  return { folder, config }
}

/** The line about the only mistake. */
function messageOf(load: () => unknown): string {
  const [line = '', ...others] = mistakesOf(load)
  assert.deepEqual(others, [])
  return line
}

function mistakesOf(load: () => unknown): readonly string[] {
  try {
    load()
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    for (const line of error.mistakes) assert.ok(!line.includes('\n'), 'one line')
    return error.mistakes
  }
  assert.fail('no mistake was found')
}

/** Runs as another user: root may list and enter everything. */
function withoutPrivilege<Result>(run: () => Result): Result {
  const own = process.geteuid?.() ?? 0
  const NOBODY = 65_534
  if (own === 0) process.seteuid?.(NOBODY)
  try {
    return run()
  } finally {
    if (own === 0) process.seteuid?.(own)
  }
}
