/** Shows how the config is read from variables, and the line for each mistake: it names the variable. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { ConfigError, loadConfig } from './config.ts'
import type { ConfigValues } from './config-keys.ts'
import { KEY_KINDS } from './config-keys.ts'

const GOOD = { DRIVE_FEED_DATABASE_URL: 'feed.db', DRIVE_FEED_WATCHES: 'media=/mnt/media' }
const WATCHES_ALLOWED =
  'must name at least one folder to watch, as in "photos=/mnt/photos", several with commas, or as JSON'
const FOLDER_ALLOWED = 'must be the absolute path of a folder, starting with "/"'
const NOWHERE = '/nowhere/server.yaml'

/** A text for each key, and what it means. A new key has to be here. */
const EVERY_KEY: Readonly<Record<keyof ConfigValues, readonly [text: string, field: string, value: unknown]>> = {
  host: ['127.0.0.1', 'host', '127.0.0.1'],
  port: ['81', 'port', 81],
  database_url: ['db/feed.db', 'databasePath', '/nowhere/db/feed.db'],
  watches: ['a=/a', 'watches', [{ name: 'a', path: '/a', configuredPath: '/a' }]],
  exclude: ['*.part, [ab]*', 'excludes', { patterns: ['*.part', '[ab]*'], usesDefaults: false }],
  exclude_defaults: ['false', 'excludes', { patterns: ['*.part', '[ab]*'], usesDefaults: false }],
  log_path: ['/log', 'logPath', '/log'],
  log_level: ['debug', 'logLevel', 'debug'],
  api_token: ['1234567890123456', 'apiToken', '1234567890123456'],
  allowed_hosts: ['NAS,localhost', 'allowedHosts', ['nas', 'localhost']],
  cors_origins: ['["https://a.example"]', 'corsOrigins', ['https://a.example']],
  max_connections: ['5', 'maxConnections', 5],
  max_waiting: ['6', 'maxWaiting', 6],
  metadata_workers: ['3', 'metadataWorkers', 3],
  settle_ms: ['0', 'settleMs', 0],
  rescan_hours: ['0.5', 'rescanHours', 0.5],
  unwatched_rescan_minutes: ['9', 'unwatchedRescanMinutes', 9],
  watcher: ['inotify', '', undefined],
  skip_initial_hash: ['True', 'skipInitialHash', true],
}

test('every key of the config file is a variable', () => {
  assert.deepEqual(Object.keys(EVERY_KEY), Object.keys(KEY_KINDS))
  const entries = Object.entries(EVERY_KEY)
  const variables = entries.map(([key, [text]]) => [`DRIVE_FEED_${key.toUpperCase()}`, text] as const)
  const named = variables.map(([name, text]) => [name.replace(/WATCHER$/, 'WATCHER_BACKEND'), text] as const)
  const config = load(Object.fromEntries(named)) as Readonly<Record<string, unknown>>
  for (const [, [, field, value]] of entries) if (field !== '') assert.deepEqual(config[field], value, field)
})

const WATCHES: readonly (readonly [
  title: string,
  Readonly<Record<string, string>>,
  Readonly<Record<string, string>>,
])[] = [
  [
    'a list',
    { WATCHES: ' photos = /mnt/my photos , films=/mnt/a=b ' },
    { photos: '/mnt/my photos', films: '/mnt/a=b' },
  ],
  ['JSON', { WATCHES: '{"a,b": "/mnt/x,y"}' }, { 'a,b': '/mnt/x,y' }],
  ['a variable each', { WATCH_PHOTOS: '/p', WATCH_MY_FILMS: '/f' }, { photos: '/p', my_films: '/f' }],
  ['both', { WATCHES: 'a=/a', WATCH_B: '/b' }, { a: '/a', b: '/b' }],
  ['one that is left empty', { WATCHES: 'a=/a', WATCH_B: '' }, { a: '/a' }],
]

for (const [title, given, expected] of WATCHES) {
  test(`folders to watch: ${title}`, () => {
    const variables = Object.fromEntries(Object.entries(given).map(([name, text]) => [`DRIVE_FEED_${name}`, text]))
    const { watches } = load({ DRIVE_FEED_DATABASE_URL: 'f', ...variables })
    assert.deepEqual(Object.fromEntries(watches.map(({ name, path }) => [name, path])), expected)
  })
}

const MISTAKES: readonly (readonly [title: string, Readonly<Record<string, string>>, ...lines: string[]])[] = [
  [
    'a mistyped variable',
    { DRIVE_FEED_PROT: '80' },
    'DRIVE_FEED_PROT: unknown variable; did you mean DRIVE_FEED_PORT?',
  ],
  ['small letters', { DRIVE_FEED_port: '80' }, 'DRIVE_FEED_port: unknown variable; did you mean DRIVE_FEED_PORT?'],
  [
    'a mistyped token, which is not shown',
    { DRIVE_FEED_API_TOKN: 'very-secret-token' },
    'DRIVE_FEED_API_TOKN: unknown variable; did you mean DRIVE_FEED_API_TOKEN?',
  ],
  [
    'a short token, which is not shown',
    { DRIVE_FEED_API_TOKEN: 'secret' },
    'DRIVE_FEED_API_TOKEN: the value must be a text of 16 to 200 letters, digits and any of -._~+/=',
  ],
  [
    'a port that is no number',
    { DRIVE_FEED_PORT: '8o' },
    'DRIVE_FEED_PORT: "8o": must be a whole number from 1 to 65535',
  ],
  ['a port out of range', { DRIVE_FEED_PORT: '0' }, 'DRIVE_FEED_PORT: 0: must be a whole number from 1 to 65535'],
  [
    'neither true nor false',
    { DRIVE_FEED_SKIP_INITIAL_HASH: '1' },
    'DRIVE_FEED_SKIP_INITIAL_HASH: "1": must be true or false',
  ],
  [
    'a list that begins as JSON',
    { DRIVE_FEED_EXCLUDE: '["*.part"' },
    'DRIVE_FEED_EXCLUDE: "[\\"*.part\\"": must be a list with commas, or JSON, as in ["a,b", "c"]',
  ],
  [
    'a watch without a name',
    { DRIVE_FEED_WATCHES: '/mnt/media' },
    `DRIVE_FEED_WATCHES: "/mnt/media": ${WATCHES_ALLOWED}`,
  ],
  ['watches that begin as JSON', { DRIVE_FEED_WATCHES: '{"a"' }, `DRIVE_FEED_WATCHES: "{\\"a\\"": ${WATCHES_ALLOWED}`],
  ['no watches', { DRIVE_FEED_WATCHES: ' ' }, `DRIVE_FEED_WATCHES: missing: ${WATCHES_ALLOWED}`],
  ['a relative folder', { DRIVE_FEED_WATCHES: 'a=b' }, `DRIVE_FEED_WATCHES "a": "b": ${FOLDER_ALLOWED}`],
  ['a relative folder of its own', { DRIVE_FEED_WATCH_A: 'b' }, `DRIVE_FEED_WATCH_A: "b": ${FOLDER_ALLOWED}`],
  [
    'a watch in another',
    { DRIVE_FEED_WATCH_B: '/mnt/media/b' },
    'DRIVE_FEED_WATCH_B: "/mnt/media/b" is inside DRIVE_FEED_WATCHES "media" (/mnt/media): must be outside every other watch',
  ],
  [
    'a watch twice',
    { DRIVE_FEED_WATCH_MEDIA: '/other' },
    'DRIVE_FEED_WATCH_MEDIA: "media" is named in DRIVE_FEED_WATCHES too: each watch needs a name of its own',
  ],
  [
    'several, sorted by their variables',
    { DRIVE_FEED_DATABASE_URL: '', DRIVE_FEED_PORT: 'x', DRIVE_FEED_LOG_LEVEL: 'loud', DRIVE_FEED_HOTS: 'x' },
    'DRIVE_FEED_HOTS: unknown variable; did you mean DRIVE_FEED_HOST?',
    'DRIVE_FEED_LOG_LEVEL: "loud": must be one of debug, info, warn, error',
    'DRIVE_FEED_PORT: "x": must be a whole number from 1 to 65535',
    'DRIVE_FEED_DATABASE_URL: missing: must be the path of an SQLite file, absolute or relative to the config file',
  ],
]

for (const [title, given, ...lines] of MISTAKES) {
  test(`a mistake in a variable: ${title}`, () => {
    assert.throws(() => load({ ...GOOD, ...given }), { name: ConfigError.name, message: lines.join('\n') })
  })
}

test('the variable that names the config file is none of the config', () => {
  const variables = { ...GOOD, DRIVE_FEED_CONFIG: '/nowhere' }
  assert.equal(loadConfig(NOWHERE, { checkFolders: false, variables }).databasePath, '/nowhere/feed.db')
})

test('an empty variable counts as not set', () => {
  assert.equal(load({ ...GOOD, DRIVE_FEED_PORT: '', DRIVE_FEED_EXCLUDE: '', DRIVE_FEED_API_TOKEN: '' }).port, 8080)
})

test('beside a config file no variable counts, and each that is set is named', (t) => {
  const path = join(temporaryFolder(t), 'server.yaml')
  writeFileSync(path, 'database_url: feed.db\nwatches: {media: /mnt/media}\n')
  const variables = { DRIVE_FEED_PORT: '81', DRIVE_FEED_FOO: 'x', DRIVE_FEED_HOST: '' }
  const { port, ignoredVariables } = loadConfig(path, { checkFolders: false, variables })
  assert.deepEqual([port, ignoredVariables], [8080, ['DRIVE_FEED_FOO', 'DRIVE_FEED_PORT']])
})

test('/dev/null is no config file: a container has it where its owner mounts none', () => {
  assert.equal(loadConfig('/dev/null', { checkFolders: false, variables: GOOD }).databasePath, '/dev/feed.db')
})

function load(variables: Readonly<Record<string, string>>) {
  return loadConfig(NOWHERE, { checkFolders: false, variables })
}
