/**
 * Shows how `drive-feed start` runs and ends the services, and when it refuses to. Stand-ins for the two services write down what happens to
 * them.
 */
import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import Database from 'better-sqlite3'
import { freePort } from '../../../test/support/free-port.ts'
import { enterOwnMounts } from '../../../test/support/own-mounts.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { until } from '../../../test/support/until.ts'

const ROOT = join(import.meta.dirname, '../../..')
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
  const outcome = 'Not all is well, see above: 0 files, 3 hashed now. Watching for changes where that is possible.\n'
  await started.untilSaid(outcome)
  assert.equal(started.said().match(/^Problem: media: is away$/gm)?.length, 1)
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

test('Ctrl-C in the first moments leaves no service', async (t) => {
  const project = await projectWith(t, { indexer: INDEXER, api: API })
  let left = 0
  for (let delayMs = 0; delayMs < 30; delayMs += 3) {
    const data = join(project.folder, `data-${delayMs}`)
    const started = project.start(`--data=${data}`, `--port=${project.port}`)
    started.child.stdout.once('data', () => setTimeout(() => started.child.kill('SIGINT'), delayMs))
    await started.exitCode
    assert.match(started.said(), /^Wrote /)
    const pids = processesWith(data)
    for (const pid of pids) process.kill(Number(pid))
    left += pids.length
  }
  assert.equal(left, 0)
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
and start again without folders. To begin anew, delete that file.
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
  assert.equal(
    started.complained(),
    "drive-feed start: unknown option '--dta' (Did you mean --data?); see drive-feed start --help\n",
  )
})

test('a problem that passes later is told, and one that appears', async (t) => {
  const project = await projectWith(t, { indexer: INDEXER, api: API })
  const started = project.start()
  await started.untilSaid('Not all is well')
  const sqlite = new Database(join(project.data, 'feed.db'))
  t.after(() => sqlite.close())
  sqlite.exec("UPDATE watch_roots SET state = 'watching', message = NULL")
  await started.untilSaid('Passed: media: is away\nAll is well again.\n')
  sqlite.exec("INSERT INTO problems (code, text, fix, since_ms) VALUES ('wal_held', 'somebody reads', 'end it', 0)")
  await started.untilSaid('Problem: somebody reads; end it\n')
})

test('a start beside a running one of the same data says where that is, and starts nothing', async (t) => {
  const project = await projectWith(t, { indexer: INDEXER, api: API })
  const first = project.start()
  await first.untilSaid('drive-feed is running')
  const logged = readFileSync(join(project.data, 'api.log'), 'utf8')
  const second = project.start()
  assert.equal(await second.exitCode, 0)
  assert.match(
    second.said(),
    new RegExp(
      `^drive-feed is already running here \\(process \\d+\\): http://localhost:${project.port}/api/v1/changes\\n$`,
    ),
  )
  assert.equal(readFileSync(join(project.data, 'api.log'), 'utf8'), logged)
})

test('a port that another program has is refused before anything is written', async (t) => {
  const project = await projectWith(t, { indexer: INDEXER, api: API })
  const server = createServer().listen(project.port)
  t.after(() => server.close())
  await once(server, 'listening')
  const data = join(project.folder, 'other')
  const started = project.start(`--data=${data}`, `--port=${project.port}`, project.folder)
  assert.equal(await started.exitCode, 1)
  const free = `port ${project.port} is taken by another program \\(process ${process.pid}, .*\\): start again with --port=\\d+, or stop it`
  assert.match(started.complained(), new RegExp(`^drive-feed start: ${free}\\n$`))
  assert.ok(!existsSync(data))
})

test('another port is written into the config, and the rest of it stays', async (t) => {
  const project = await projectWith(t, { indexer: 'process.exit(1)', api: 'process.exit(1)' })
  const port = await freePort()
  const before = readFileSync(join(project.data, 'server.yaml'), 'utf8')
  const started = project.start(`--port=${port}`)
  assert.equal(await started.exitCode, 1)
  assert.equal(
    readFileSync(join(project.data, 'server.yaml'), 'utf8'),
    before.replace(`port: ${project.port}`, `port: ${port}`),
  )
  assert.match(started.said(), new RegExp(`^Set port: ${port} in .*server\\.yaml\\.\\n`))
})

for (const port of ['0', '65536', 'http', '80.5', '']) {
  test(`a port that is none is one line and 2: "${port}"`, async (t) => {
    const project = await projectWith(t, { indexer: '', api: '' })
    const started = project.start(`--port=${port}`)
    assert.equal(await started.exitCode, 2)
    assert.equal(started.complained(), `drive-feed start: --port=${port}: must be a whole number from 1 to 65535\n`)
  })
}

test('a folder that can not be made is one line and 2', async (t) => {
  const project = await projectWith(t, { indexer: '', api: '' })
  const file = join(project.folder, 'package.json')
  const started = project.start(`--data=${file}`)
  assert.equal(await started.exitCode, 2)
  assert.equal(started.complained(), `drive-feed start: ${file} is no folder\n`)
})

test('a full disk is one line and 2, nothing of the config is left, and no service', {
  skip: enterOwnMounts(),
}, async (t) => {
  let disk = ''
  // Before the folder's own clean-up, which can't remove a mount point.
  t.after(() => execFileSync('umount', ['--lazy', disk]))
  const project = await projectWith(t, { indexer: INDEXER, api: API })
  disk = join(project.folder, 'disk')
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k,nr_inodes=8', 'drive-feed-test', disk])
  writeFileSync(join(disk, 'filling'), Buffer.alloc(4096))
  const argv = [`--data=${disk}`, `--port=${project.port}`]
  for (const [what, ...folders] of [['server.yaml', project.data], ['sample']] as const) {
    const started = project.start(...argv, ...folders)
    assert.equal(await started.exitCode, 2)
    const says = `there is no room for ${join(disk, what)} on its disk; make room`
    assert.equal(started.complained(), `drive-feed start: ${says}\n`)
    assert.deepEqual(
      readdirSync(disk).filter((name) => name.startsWith('server.yaml')),
      [],
    )
  }
})

test('a log that can not be opened is one line and 2, and the other service is stopped', async (t) => {
  const project = await projectWith(t, { indexer: INDEXER, api: API })
  mkdirSync(join(project.data, 'api.log'))
  const started = project.start()
  assert.equal(await started.exitCode, 2)
  assert.match(started.complained(), /^drive-feed start: \S+api\.log can't be written: EISDIR: [^\n]+\n$/)
  assert.deepEqual(processesWith(project.data), [])
})

test('services go on when nobody reads what is printed', async (t) => {
  const project = await projectWith(t, { indexer: INDEXER, api: API })
  const started = project.start()
  started.child.stdout.destroy()
  const isServed = () =>
    fetch(`http://127.0.0.1:${project.port}/`).then(
      () => true,
      () => false,
    )
  await until('the api to answer', isServed, PATIENCE_MS)
  await until('the problem to be there', () => existsSync(join(project.data, 'feed.db')), PATIENCE_MS)
  started.child.kill('SIGTERM')
  assert.equal(await started.exitCode, 0)
})

function processesWith(word: string): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && commandLineOf(name).includes(word))
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** A copy of the project with the real scripts and other services. */
async function projectWith(t: TestContext, services: Readonly<Record<'indexer' | 'api', string>>) {
  const folder = temporaryFolder(t)
  const data = join(folder, 'data')
  const port = await freePort()
  cpSync(join(ROOT, 'cli'), join(folder, 'cli'), { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const [name, source] of Object.entries(services)) {
    mkdirSync(join(folder, 'services', name, 'src'), { recursive: true })
    writeFileSync(join(folder, 'services', name, 'src/main.ts'), source)
  }
  mkdirSync(data)
  writeFileSync(join(data, 'server.yaml'), `port: ${port}\ndatabase_url: feed.db\nwatches: {media: /mnt/media}\n`)
  const script = join(folder, 'cli/src/main.ts')
  const start = (...argv: string[]) =>
    observe(t, spawn(process.execPath, [script, 'start', ...argv], { detached: true }))
  return { folder, data, port, start }
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
