/** Shows what must stay true of docker-compose.yml and the Dockerfile. They are read as text: no engine is needed. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from '@drive-feed/shared/config/config.ts'
import { KEY_KINDS } from '@drive-feed/shared/config/config-keys.ts'
import { VERSION } from '@drive-feed/shared/version.ts'
import { parse } from 'yaml'
import { readTemplate } from './unraid-template.ts'

const ROOT = join(import.meta.dirname, '..', '..')

type Mount = {
  readonly type: string
  readonly source: string
  readonly target: string
  readonly read_only?: boolean
  readonly bind?: { readonly propagation?: string; readonly create_host_path?: boolean }
}
type Service = {
  readonly build: { readonly context: string; readonly dockerfile: string; readonly target: string }
  readonly image: string
  readonly user?: string
  readonly ports?: readonly string[]
  /** A text is the short form: what is mounted may be a folder or a volume. */
  readonly volumes?: readonly (Mount | string)[]
  readonly container_name?: string
  readonly restart: string
  readonly read_only?: boolean
  readonly command?: readonly string[]
  readonly cap_drop?: readonly string[]
  readonly cap_add?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly network_mode?: string
  readonly environment?: Readonly<Record<string, string | null>>
}

const MEDIA = ['', '2', '3', '4'].map((number) => `/mnt/media${number}`)

const { services } = parse(textOf('docker-compose.yml'), { merge: true }) as { services: Record<string, Service> }
const { indexer, api, proxy } = services
assert.ok(indexer !== undefined && api !== undefined && proxy !== undefined)

type Stage = { readonly from: string; readonly text: string }

const stages = stagesOf(textOf('services/Dockerfile'))

test('the indexer reads the media and writes the database, and has nothing else', () => {
  const media = MEDIA.map((target) => [target, 'ro'])
  assert.deepEqual(rightsOf(indexer), { '/config/server.yaml': 'ro', '/data': 'rw', ...Object.fromEntries(media) })
  assert.deepEqual([indexer.cap_add, indexer.network_mode], [['DAC_READ_SEARCH'], 'none'])
})

test('the api reads the database, and has nothing else', () => {
  assert.deepEqual(rightsOf(api), { '/config/server.yaml': 'ro', '/data': 'ro' })
  assert.equal(api.cap_add, undefined)
})

test('no container can write to its image, and none has or gets a capability that it does not name', () => {
  for (const [name, service] of Object.entries(services)) {
    assert.deepEqual([service.read_only, service.cap_drop], [true, ['ALL']], name)
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name)
  }
})

test('both services have the same volume and the same config, but only the api has the token', () => {
  const shared = (service: Service) =>
    mountsOf(service)
      .filter(({ target }) => !target.startsWith('/mnt/media'))
      .map(({ source, target }) => [source, target])
  assert.deepEqual(shared(indexer), shared(api))
  assert.deepEqual(indexer.command, api.command)
  assert.deepEqual({ ...indexer.environment, DRIVE_FEED_API_TOKEN: null }, api.environment)
})

test('only the proxy has a published port, and the api can be there several times', () => {
  const published = Object.entries(services).filter(([, { ports }]) => ports !== undefined)
  assert.deepEqual(
    published.map(([name]) => name),
    ['proxy'],
  )
  assert.equal(api.container_name, undefined)
})

test('every service comes back after a restart of the machine', () => {
  for (const [name, { restart }] of Object.entries(services)) assert.equal(restart, 'unless-stopped', name)
})

test('the folder to watch has to be named, and the containers start on hosts whose mounts are private', () => {
  const [first, ...others] = mountsOf(indexer).filter(({ target }) => MEDIA.includes(target))
  assert.match(first?.source ?? '', /^\$\{MEDIA:\?.+\}$/)
  assert.equal(first?.bind?.propagation, `\${MEDIA_PROPAGATION:-rprivate}`)
  for (const { target, source, bind } of others) {
    const name = `MEDIA_${target.at(-1)}`
    // An empty propagation is the engine's default: /dev may be private where the folders are not.
    assert.deepEqual(
      [source, bind?.propagation],
      [`\${${name}:-/dev/null}`, `\${${name}:+\${MEDIA_PROPAGATION:-rprivate}}`],
    )
  }
})

test('a missing path is an error, not a new folder', () => {
  for (const { type, target, bind } of Object.values(services).flatMap(mountsOf)) {
    if (type === 'bind') assert.equal(bind?.create_host_path, false, target)
  }
})

test('the config, the mounts, the proxy and the health check agree on paths and ports', () => {
  const variables = Object.fromEntries(
    Object.entries(api.environment ?? {}).map(([name, text]) => [name, withoutSettings(text ?? '')]),
  )
  const config = loadConfig('/dev/null', { checkFolders: false, variables })
  assert.deepEqual(config.watches, [{ name: 'media', path: '/mnt/media', configuredPath: '/mnt/media' }])
  assert.equal(config.databasePath, '/data/feed.db')
  assert.deepEqual(indexer.command, ['--wait'])
  assert.ok(mountsOf(indexer).some(({ target }) => target === indexer.environment?.DRIVE_FEED_CONFIG))
  assert.match(textOf('services/proxy/Caddyfile'), new RegExp(`name api\\n\\s+port ${config.port}\\n`))
  assert.ok(textOf('services/check-health').includes(`\${DRIVE_FEED_PORT:-${config.port}}`))
})

test('every key that an owner may set is passed on, and .env.example has everything that .env may set', () => {
  const compose = textOf('docker-compose.yml')
  const inside = ['HOST', 'PORT', 'DATABASE_URL', 'WATCHES', 'WATCHER', 'LOG_PATH']
  const keys = Object.keys(KEY_KINDS).map((key) => key.toUpperCase())
  assert.deepEqual(
    keys.filter((key) => !inside.includes(key) && api.environment?.[`DRIVE_FEED_${key}`] !== null),
    [],
  )
  const settings = new Set([...compose.matchAll(/\$\{([A-Z0-9_]+)/g)].map(([, name = '']) => name))
  const example = textOf('.env.example')
  const missing = [...settings].filter((name) => !example.includes(`\n${name}=`) && !example.includes(`#${name}=`))
  assert.deepEqual(missing.sort(), ['INDEXER_USER', 'MEDIA_3_NAME', 'MEDIA_4_NAME'])
})

test('every image is a target of the one Dockerfile, for compose and for bake, and says what it is', () => {
  for (const [name, { build, image }] of Object.entries(services)) {
    assert.deepEqual(build, { context: '.', dockerfile: 'services/Dockerfile', target: name })
    assert.equal(image, `\${IMAGES:-}drive-feed-${name}:\${TAG:-latest}`)
  }
  assert.ok(textOf('services/Dockerfile').includes(`\nARG VERSION=${VERSION}\n`))
  const bake = textOf('docker-bake.hcl')
  const titles = { indexer: 'drive-feed indexer', api: 'drive-feed api', proxy: 'drive-feed proxy', all: 'drive-feed' }
  for (const [name, title] of Object.entries(titles)) {
    assert.ok(stage(name).text.includes(`image.title="${title}"`), name)
    const image = name === 'all' ? 'drive-feed' : `drive-feed-${name}`
    assert.match(
      bake,
      new RegExp(`target "${name}" \\{[^}]*target += "${name}"\\n +tags += \\["\\$\\{IMAGES\\}${image}:`),
    )
  }
  assert.match(bake, /targets = \["indexer", "api", "proxy", "all"\]/)
})

test('the images of the services share the layer that has Node, and only those that read files have libraries', () => {
  const installed = /(?<=\binstall -y --no-install-recommends ).*(?= \\$)/gm
  const libraries = ['libmagic1t64 libmediainfo0v5']
  for (const [name, expected] of Object.entries({ indexer: libraries, api: [], all: libraries })) {
    const layers = layersOf(name)
    assert.deepEqual(
      [layers.at(-1)?.from, layers.at(-1)?.text.match(/^COPY --from=node .*/m)?.[0]],
      ['scratch', 'COPY --from=node / /'],
    )
    assert.deepEqual(
      layers.flatMap(({ text }) => text.match(installed) ?? []),
      expected,
      name,
    )
    assert.equal(layers.flatMap(({ text }) => text.match(/\binstall -y/g) ?? []).length, expected.length)
  }
  const bases = [...stages.values()].map(({ from }) => from).filter((from) => !stages.has(from))
  assert.deepEqual(new Set(bases), new Set(['scratch', 'node:24-trixie-slim', 'caddy:2-alpine']))
})

test('the images are built without running or compiling what packages bring', () => {
  const commands = /npm (ci|i|install|rebuild|run)\b[^\\\n]*/g
  assert.deepEqual(textOf('services/install-packages').match(commands), [
    'npm ci --ignore-scripts --omit=dev $workspaces',
  ])
  assert.equal(textOf('services/Dockerfile').match(commands), null)
})

test('the api runs without privileges even outside compose', () => {
  assert.match(stage('api').text, /^USER node$/m)
})

test('the image of both services needs mounts and nothing else', () => {
  const variables = Object.fromEntries(
    [...stage('all').text.matchAll(/(DRIVE_FEED_\w+)=(\S+)/g)].map(([, name = '', text]) => [name, text]),
  )
  const config = loadConfig('/dev/null', { checkFolders: false, variables })
  assert.deepEqual([config.databasePath, config.port], ['/data/feed.db', 8080])
  assert.deepEqual(
    config.watches.map(({ path }) => path),
    ['/mnt/media'],
  )
  assert.equal(variables.DRIVE_FEED_CONFIG, indexer.environment?.DRIVE_FEED_CONFIG)
})

test('the template of Unraid agrees with the image: paths, port, keys of the config, and few rights', () => {
  const { configs, extraParams } = readTemplate()
  const of = (type: string) => configs.filter((config) => config.type === type)
  const modes = Object.fromEntries(of('Path').map(({ target, mode }) => [target, mode]))
  assert.deepEqual(modes, { '/mnt/media': 'ro', '/mnt/media2': 'ro', '/data': 'rw' })
  assert.deepEqual(
    of('Port').map(({ target, value }) => [target, value]),
    [['8080', '8080']],
  )
  const variables = Object.fromEntries(of('Variable').map(({ target, value }) => [target, value]))
  const config = loadConfig('/dev/null', {
    checkFolders: false,
    variables: { ...variables, DRIVE_FEED_DATABASE_URL: '/data/feed.db' },
  })
  assert.deepEqual(
    config.watches.map(({ path }) => path),
    ['/mnt/media'],
  )
  assert.equal(config.skipInitialHash, false)
  // Of the folders only the owner knows, so Unraid has to ask for them.
  assert.deepEqual(
    of('Path').map(({ value, isRequired }) => [value, isRequired]),
    [
      ['', true],
      ['', true],
      ['', false],
    ],
  )
  assert.deepEqual(extraParams, [
    '--restart=unless-stopped',
    '--user=99:100',
    '--read-only',
    '--cap-drop=ALL',
    '--security-opt=no-new-privileges:true',
  ])
})

function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

function rightsOf(service: Service): Record<string, string> {
  return Object.fromEntries(
    mountsOf(service).map(({ target, read_only: isReadOnly }) => [target, isReadOnly ? 'ro' : 'rw']),
  )
}

function mountsOf({ volumes = [] }: Service): Mount[] {
  return volumes.map((mount) => {
    if (typeof mount !== 'string') return mount
    const [, source = '', target = '', mode] = /^(\$\{[^}]*\}):([^:]+)(:ro)?$/.exec(mount) ?? []
    return { type: 'volume', source, target, read_only: mode === ':ro' }
  })
}

/** What a text of the compose file is if .env sets nothing. */
function withoutSettings(text: string): string {
  const inner = /\$\{\w+(:[-+])([^${}]*)\}/g
  const replaced = text.replace(inner, (_, kind, word) => (kind === ':-' ? word : ''))
  return replaced === text ? text : withoutSettings(replaced)
}

/** The stages of a Dockerfile by name, in their order. */
function stagesOf(text: string): ReadonlyMap<string, Stage> {
  const parts = text.split(/^(?=FROM )/m).slice(1)
  return new Map(
    parts.map((part) => {
      const [, from = '', name = ''] = /^FROM (\S+) AS (\S+)\n/.exec(part) ?? []
      return [name, { from, text: part }]
    }),
  )
}

function stage(name: string): Stage {
  return stages.get(name) ?? assert.fail(`no stage ${name}`)
}

/** A stage and those that it is made from, the last one first. */
function layersOf(name: string): Stage[] {
  const { from } = stage(name)
  return [stage(name), ...(stages.has(from) ? layersOf(from) : [])]
}
