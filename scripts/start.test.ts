/**
 * Shows how `scripts/start.ts` runs and ends the services. Stand-ins for the two services write down what happens to
 * them.
 */
import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { freePort } from '../test/support/free-port.ts'
import { temporaryFolder } from '../test/support/temporary-folder.ts'
import { until } from '../test/support/until.ts'

const ROOT = join(import.meta.dirname, '..')
const PATIENCE_MS = 30_000

/** Makes the database, reports that all is done, and waits. */
const INDEXER = `
  import { loadConfig } from '@drive-feed/shared/config/config.ts'
  import { openWriter } from '@drive-feed/shared/open-database.ts'
  const { databasePath } = loadConfig(process.argv[2].replace('--config=', ''), { checkFolders: false })
  const { sqlite } = openWriter(databasePath)
  const row = sqlite.prepare("INSERT OR REPLACE INTO status (id, state, version, started_ms, heartbeat_ms, files_hashed) VALUES (1, ?, '0', ?, ?, 3)")
  const startedMs = Date.now()
  row.run('scanning', startedMs, startedMs)
  sqlite.exec("INSERT OR REPLACE INTO watch_roots (name, node_id, path, state, state_since_ms, message) VALUES ('media', 'm', '/mnt/media', 'offline', 0, 'is away')")
  setTimeout(() => row.run('watching', startedMs, Date.now()), 100)
  process.once('SIGTERM', () => { console.log('was asked to end'); process.exit(0) })
  console.log('ready')
  setInterval(() => {}, 1000)`

const API = `
  import { createServer } from 'node:http'
  import { loadConfig } from '@drive-feed/shared/config/config.ts'
  const { port } = loadConfig(process.argv[2].replace('--config=', ''), { checkFolders: false })
  createServer((request, response) => response.end('{}')).listen(port, () => console.log('listening'))
  process.once('SIGTERM', () => { console.log('was asked to end'); process.exit(0) })`

/** Dies once the indexer is there to be stopped. */
const DYING_API = `
  import { readFileSync } from 'node:fs'
  const log = process.argv[2].replace('--config=', '').replace('server.yaml', 'indexer.log')
  console.log('{"level":"info","time":"T","msg":"before the end"}')
  console.log('disk on fire')
  setInterval(() => { if (readFileSync(log, 'utf8').includes('ready')) process.exit(7) }, 20)`

test('both services run until Ctrl-C, which ends each of them once', async (t) => {
  const project = await projectWith(t, { indexer: INDEXER, api: API })
  const started = project.start()
  const outcome = 'Not all is well, see below: 0 files, 3 hashed now. Watching for changes where that is possible.\n'
  await started.untilSaid(`${outcome}media: is away\n`)
  assert.doesNotMatch(started.said(), /Up to date/)
  // To all processes of the group, as a terminal does.
  process.kill(-(started.child.pid ?? assert.fail()), 'SIGINT')
  assert.equal(await started.exitCode, 0)
  const said = started.said()
  assert.match(
    said,
    new RegExp(`^drive-feed is running; Ctrl-C stops it\\.\\n  http://localhost:${project.port}/api/v1/changes `),
  )
  assert.match(said, /\nWatching media \(\/mnt\/media\)\.\n/)
  assert.match(said, /\nStopping\.\n$/)
  for (const name of ['indexer', 'api']) {
    const log = readFileSync(join(project.data, `${name}.log`), 'utf8')
    assert.equal(log.match(/was asked to end/g)?.length, 1, `${name}: ${log}`)
  }
})

test('if one service dies the other is stopped, and the end of the log is shown', async (t) => {
  const project = await projectWith(t, { indexer: INDEXER, api: DYING_API })
  const started = project.start()
  assert.equal(await started.exitCode, 1)
  const api = join(project.data, 'api.log')
  assert.equal(
    started.complained(),
    `The api ended (exit code 7). The end of ${api}:\n  T  before the end\n  disk on fire\n`,
  )
  assert.match(readFileSync(join(project.data, 'indexer.log'), 'utf8'), /was asked to end/)
})

test('folders that the config does not watch are refused with the lines to write', async (t) => {
  const project = await projectWith(t, { indexer: INDEXER, api: API })
  const started = project.start('/mnt/photos')
  assert.equal(await started.exitCode, 1)
  assert.equal(
    started.complained(),
    `${project.data}/server.yaml is already there and does not watch /mnt/photos. It watches:
  media: /mnt/media
To watch more, add below "watches:" in it:
  photos: /mnt/photos
and run scripts/start without folders. To begin anew, delete that file.
`,
  )
})

test('without a config and a folder a sample is watched', async (t) => {
  const project = await projectWith(t, { indexer: 'process.exit(1)', api: 'process.exit(1)' })
  const data = join(project.data, 'new')
  const started = project.start(`--data=${data}`)
  assert.equal(await started.exitCode, 1)
  assert.match(
    readFileSync(join(data, 'server.yaml'), 'utf8'),
    new RegExp(`\\nwatches:\\n  sample: ${data}/sample\\n$`),
  )
  readFileSync(join(data, 'sample/welcome.txt'))
})

test('an unknown option is one line and 2', async (t) => {
  const project = await projectWith(t, { indexer: '', api: '' })
  const started = project.start('--dta')
  assert.equal(await started.exitCode, 2)
  assert.equal(started.complained(), "Unknown option '--dta'; see scripts/start --help\n")
})

/** A copy of the project with the real scripts and other services. */
async function projectWith(t: TestContext, services: Readonly<Record<'indexer' | 'api', string>>) {
  const folder = temporaryFolder(t)
  const data = join(folder, 'data')
  const port = await freePort()
  cpSync(join(ROOT, 'scripts/start.ts'), join(folder, 'scripts/start.ts'))
  cpSync(join(ROOT, 'scripts/starting'), join(folder, 'scripts/starting'), { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const [name, source] of Object.entries(services)) {
    mkdirSync(join(folder, 'services', name, 'src'), { recursive: true })
    writeFileSync(join(folder, 'services', name, 'src/main.ts'), source)
  }
  mkdirSync(data)
  writeFileSync(join(data, 'server.yaml'), `port: ${port}\ndatabase_url: feed.db\nwatches: {media: /mnt/media}\n`)
  const script = join(folder, 'scripts/start.ts')
  const start = (...argv: string[]) => observe(t, spawn(process.execPath, [script, ...argv], { detached: true }))
  return { data, port, start }
}

function observe(t: TestContext, child: ChildProcessWithoutNullStreams) {
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
    })
  }
  const exitCode = once(child, 'close').then(([code]) => code as number | null)
  t.after(() => child.kill('SIGTERM'))
  return {
    child,
    exitCode,
    said: () => texts.stdout,
    complained: () => texts.stderr,
    untilSaid: async (text: string) => {
      const isOver = () => texts.stdout.includes(text) || child.exitCode !== null
      await until(`the program to print "${text}"`, isOver, PATIENCE_MS).catch(() => {})
      assert.ok(texts.stdout.includes(text), `never said "${text}": ${JSON.stringify(texts)}`)
    },
  }
}
