/** Shows what must stay true of docker-compose.yml and the Dockerfiles. They are read as text: no engine is needed. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from '@drive-feed/shared/config/config.ts'
import { parse } from 'yaml'

const ROOT = join(import.meta.dirname, '..', '..')

type Mount = {
  readonly type: string
  readonly source: string
  readonly target: string
  readonly read_only?: boolean
  readonly bind?: { readonly propagation?: string; readonly create_host_path?: boolean }
}
type Service = {
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly ports?: readonly string[]
  readonly volumes: readonly Mount[]
  readonly container_name?: string
  readonly image?: string
  readonly restart: string
  readonly command?: readonly string[]
  readonly cap_drop?: readonly string[]
  readonly cap_add?: readonly string[]
  readonly network_mode?: string
}

const { services } = parse(textOf('docker-compose.yml'), { merge: true }) as { services: Record<string, Service> }
const { indexer, api, proxy } = services
assert.ok(indexer !== undefined && api !== undefined && proxy !== undefined)

test('the indexer reads the media and writes the database, and has nothing else', () => {
  assert.deepEqual(rightsOf(indexer), { '/config/server.yaml': 'ro', '/data': 'rw', '/mnt/media': 'ro' })
  assert.deepEqual([indexer.cap_drop, indexer.cap_add, indexer.network_mode], [['ALL'], ['DAC_READ_SEARCH'], 'none'])
})

test('the api reads the database, and has nothing else', () => {
  assert.deepEqual(rightsOf(api), { '/config/server.yaml': 'ro', '/data': 'ro' })
  assert.deepEqual([api.cap_drop, api.cap_add], [['ALL'], undefined])
})

test('both services have the same volume and the same config', () => {
  const shared = (service: Service) =>
    service.volumes.filter(({ target }) => target !== '/mnt/media').map(({ source, target }) => [source, target])
  assert.deepEqual(shared(indexer), shared(api))
  assert.deepEqual(indexer.command, api.command)
})

test('only the proxy has a published port, and the api can be there several times', () => {
  const published = Object.entries(services).filter(([, { ports }]) => ports !== undefined)
  assert.deepEqual(
    published.map(([name]) => name),
    ['proxy'],
  )
  assert.deepEqual([api.container_name, api.image], [undefined, undefined])
})

test('every service comes back after a restart of the machine', () => {
  for (const [name, { restart }] of Object.entries(services)) assert.equal(restart, 'unless-stopped', name)
})

test('the folder to watch has to be named, and the containers start on hosts whose mounts are private', () => {
  const media = indexer.volumes.find(({ target }) => target === '/mnt/media')
  assert.match(media?.source ?? '', /^\$\{MEDIA:\?.+\}$/)
  assert.equal(media?.bind?.propagation, `\${MEDIA_PROPAGATION:-rprivate}`)
})

test('a missing path is an error, not a new folder', () => {
  for (const { volumes } of Object.values(services)) {
    for (const { type, target, bind } of volumes)
      if (type === 'bind') assert.equal(bind?.create_host_path, false, target)
  }
})

test('the config, the mounts, the proxy and the health check agree on paths and ports', () => {
  const config = loadConfig(join(ROOT, 'server.yaml'), { checkFolders: false })
  assert.deepEqual(config.watches, [{ name: 'media', path: '/mnt/media', configuredPath: '/mnt/media' }])
  assert.equal(config.databasePath, '/data/feed.db')
  assert.deepEqual(indexer.command, ['--config=/config/server.yaml'])
  assert.match(textOf('services/proxy/Caddyfile'), new RegExp(`name api\\n\\s+port ${config.port}\\n`))
  assert.match(textOf('docker-compose.yml'), new RegExp(`http://127\\.0\\.0\\.1:${config.port}/healthz`))
})

for (const [name, { build }] of Object.entries({ indexer, api })) {
  test(`the image of the ${name} is built without running or compiling what packages bring`, () => {
    assert.deepEqual(build, { context: '.', dockerfile: `services/${name}/Dockerfile` })
    const text = textOf(`services/${name}/Dockerfile`)
    assert.deepEqual(text.match(/^FROM \S+/gm), ['FROM node:24-trixie-slim', 'FROM node:24-trixie-slim'])
    assert.deepEqual(
      text.match(/npm (ci|i|install|rebuild|run)\b[^\\\n]*/g)?.map((words) => words.trim()),
      [`npm ci --ignore-scripts --omit=dev --workspace=@drive-feed/${name}`],
    )
    const libraries = name === 'indexer' ? ['libmagic1t64 libmediainfo0v5'] : []
    assert.deepEqual(text.match(/(?<=apt-get install -y --no-install-recommends ).*(?= \\$)/gm) ?? [], libraries)
    assert.equal(text.match(/\binstall -y/g)?.length ?? 0, libraries.length)
  })
}

test('the api runs without privileges even outside compose', () => {
  assert.match(textOf('services/api/Dockerfile'), /^USER node$/m)
})

function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

function rightsOf({ volumes }: Service): Record<string, string> {
  return Object.fromEntries(volumes.map(({ target, read_only: isReadOnly }) => [target, isReadOnly ? 'ro' : 'rw']))
}
