/**
 * Tests the life of the containers: an upgrade from a version of before and from the original's database, a downgrade, a
 * copy put in place, starts and kills in any order, and many clients. One story; `scripts/e2e` runs it.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { basename, join } from 'node:path'
import { after } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SCHEMA_VERSION } from '@drive-feed/shared/migrations.ts'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import Database from 'better-sqlite3'
import { FeedClient } from '../../test/support/feed-client.ts'
import { getJson } from '../../test/support/http-get.ts'
import { until } from '../../test/support/until.ts'
import { askAllTheTime } from './asker.ts'
import { docker, linesOf, withoutOwnSettings } from './deployment.ts'
import { createStory } from './story.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const START_MS = 90_000
/** The last commit with schema version 6, and with a `server.yaml` beside `docker-compose.yml`. */
const BEFORE = '55e5825'

const { deployment, step } = await createStory()
const { compose, composeWith, containers, home, media, project, url } = deployment
const old = join(home, '..', 'old')
const client = new FeedClient(url, { maxSize: 500, sendsEpoch: true })
const copy = '/data/copy.db'

after(() => {
  spawnSync('docker', [...inOld, 'down', '--volumes', '--rmi', 'local', '--timeout', '3'], { stdio: 'ignore' })
})

const inOld = ['compose', '--project-name', project, '--project-directory', old]
const composeOld = (...words: readonly string[]) => docker([...inOld, ...words], withoutOwnSettings(process.env))

const hasHistory = spawnSync('git', ['-C', ROOT, 'cat-file', '-e', `${BEFORE}^{commit}`]).status === 0

step('the images are built', async () => {
  await deployment.build()
})

if (hasHistory) {
  step('a version of before runs with three replicas', async (say) => {
    mkdirSync(old)
    const archive = execFileSync('git', ['-C', ROOT, 'archive', BEFORE], { maxBuffer: 1 << 30 })
    execFileSync('tar', ['-x', '-C', old], { input: archive })
    const port = new URL(url).port
    writeFileSync(join(old, '.env'), `MEDIA=${media}\nPORT=${port}\n`)
    for (let number = 0; number < 300; number += 1) writeFileSync(join(media, `file-${number}.txt`), `bytes ${number}`)
    mkdirSync(join(media, 'folder'))
    writeFileSync(join(media, 'folder/inner.txt'), 'inner')
    await composeOld('up', '--detach', '--build', '--scale', 'api=3')
    await until('an answer', isAnswering, START_MS)
    await settled()
    say(`${client.nodes.size} nodes, cursor ${client.cursor}`)
  })

  step(
    'a config that lacks a watch of the database upgrades nothing, and says so; the old replicas go on',
    async () => {
      const { cursor } = client
      await composeWith({ MEDIA_NAME: 'pictures' }, 'up', '--detach', '--no-deps', 'indexer')
      const line = await until(
        'the line',
        async () => (await logOf('indexer')).find((one) => /upgrade/.test(one)),
        START_MS,
      )
      assert.match(line, /has "media", and the config has not: name it too/)
      assert.equal(await schemaVersion(), 6)
      for (let count = 0; count < 9; count += 1) assert.equal(await cursorNow(), cursor)
    },
  )

  step(
    'the new version upgrades it while replicas run: they wait for their upgrade, and no client starts over',
    async (say) => {
      const before = new Map(client.nodes)
      const { cursor, epoch } = client
      const address = `${url}/api/v1/changes?cursor=${cursor}&max_size=10`
      const asking = askAllTheTime(address, { clients: 5 })
      await compose('up', '--detach', '--no-deps', 'indexer')
      await until('the upgrade', async () => (await schemaVersion()) === SCHEMA_VERSION, START_MS)
      await until('what an old replica says of it', async () => (await fetch(address)).status === 503, START_MS)
      const failures = await asking.stop()
      say(`with old replicas: ${asking.answered()} answers, ${kindsOf(failures)}`)
      assert.deepEqual(
        failures.filter(({ what }) => !/^503, Retry-After/.test(what)),
        [],
      )
      // Compose stops the proxy while it exchanges what the proxy depends on.
      const beganMs = performance.now()
      await compose('up', '--detach', '--wait', '--scale', 'api=3')
      await until('answers', isAnswering, START_MS)
      say(`new replicas and proxy: ${((performance.now() - beganMs) / 1000).toFixed(1)} s`)
      writeFileSync(join(media, 'after-upgrade.txt'), 'new')
      const seen: string[] = []
      await until('the new file', async () => {
        for (const change of await client.poll()) seen.push(change.removed ? change.node_id : change.node.name)
        return seen.includes('after-upgrade.txt')
      })
      assert.equal(client.epoch?.split('.')[0], epoch?.split('.')[0])
      // The second watch is of the new `.env`.
      assert.deepEqual(new Set(seen), new Set(['films', 'after-upgrade.txt']))
      for (const [id, node] of before) assert.deepEqual(client.nodes.get(id), node)
    },
  )

  step('a downgrade is refused with a line, changes nothing, and the new version goes on', async () => {
    await settled()
    const before = new Map(client.nodes)
    await compose('stop', 'indexer')
    await composeOld('up', '--detach', '--no-deps', 'indexer')
    const line = await until(
      'the line',
      async () => (await logOf('indexer')).find((one) => /schema version/.test(one)),
      START_MS,
    )
    assert.match(line, new RegExp(`schema version ${SCHEMA_VERSION}; drive-feed knows its own versions 1 to 6`))
    assert.equal(await cursorNow(), client.cursor)
    await compose('up', '--detach', '--wait', '--scale', 'api=3')
    writeFileSync(join(media, 'after-downgrade.txt'), 'new')
    await until('the new file', async () => {
      await client.poll()
      return client.nodes.size === before.size + 1
    })
  })
} else {
  step(
    'the containers run with three replicas (the history of this clone has no version of before to upgrade)',
    async () => {
      await compose('up', '--detach', '--wait', '--scale', 'api=3')
      await until('an answer', isAnswering, START_MS)
    },
  )
}

step('a copy is made and put in place beside running containers: clients start over, and see the disk', async (say) => {
  writeFileSync(join(media, 'in-the-copy.txt'), 'one')
  await settled()
  say((await exec('indexer', 'drive-feed', 'backup', copy)).trim())
  const { epoch } = client
  const ids = idsByName()
  writeFileSync(join(media, 'after-the-copy.txt'), 'two')
  rmSync(join(media, 'in-the-copy.txt'))
  await until('both changes', async () => {
    await client.poll()
    return idsByName().has('after-the-copy.txt') && !idsByName().has('in-the-copy.txt')
  })
  const asking = askAllTheTime(`${url}/api/v1/cursor`, { clients: 3 })
  // It ends with its container, which is started again.
  await exec('indexer', 'drive-feed', 'restore', copy).catch(() => '')
  await until('the new run', async () => ((await epochNow()) ?? epoch) !== epoch, START_MS)
  await until('what is on the disk', async () => {
    await client.poll()
    return idsByName().has('after-the-copy.txt') && !idsByName().has('in-the-copy.txt')
  })
  const failures = await asking.stop()
  say(`${asking.answered()} answers, ${failures.length} failures: ${kindsOf(failures)}`)
  assert.deepEqual(
    failures.filter(({ what }) => !/^503, Retry-After/.test(what)),
    [],
  )
  const found = idsByName()
  for (const [name, id] of ids) if (name !== 'in-the-copy.txt') assert.equal(found.get(name), id, name)
  const [id = ''] = await containers('indexer')
  assert.equal((await docker(['inspect', '--format', '{{.RestartCount}}', id])).trim(), '1')
})

step('the containers start in any order, and after a stop of all', async () => {
  for (const order of [
    ['proxy', 'api', 'indexer'],
    ['api', 'indexer', 'proxy'],
    ['indexer', 'proxy', 'api'],
  ]) {
    await compose('stop')
    writeFileSync(join(media, `started-${order.join('-')}.txt`), '')
    // Not `compose start`, which starts what a service depends on.
    for (const service of order) await docker(['start', ...(await allContainers(service))])
    await until('an answer', isAnswering, START_MS)
    await until(`what happened before ${order.join(', ')}`, async () => {
      await client.poll()
      return idsByName().has(`started-${order.join('-')}.txt`)
    })
  }
  await compose('restart')
  await until('an answer', isAnswering, START_MS)
  await settled()
})

step('each container whose process is killed is started again by the engine, and nothing is missed', async () => {
  for (const service of ['indexer', 'api', 'proxy']) {
    const [id = ''] = await containers(service)
    const pid = Number(await docker(['inspect', '--format', '{{.State.Pid}}', id]))
    process.kill(pid, 'SIGKILL')
    writeFileSync(join(media, `killed-${service}.txt`), '')
    await until(
      `${service} to be started again`,
      async () => {
        const state = await docker(['inspect', '--format', '{{.State.Running}} {{.State.Pid}}', id])
        return state.startsWith('true') && state.trim() !== `true ${pid}`
      },
      START_MS,
    )
    await until('an answer', isAnswering, START_MS)
    await until(`what happened while ${service} was killed`, async () => {
      await client.poll()
      return idsByName().has(`killed-${service}.txt`)
    })
  }
})

step(
  'of five replicas, killed one by one under load, each costs no request but those that it was answering',
  async (say) => {
    await compose('up', '--detach', '--wait', '--scale', 'api=5')
    const replicas = await containers('api')
    assert.equal(replicas.length, 5)
    const asking = askAllTheTime(`${url}/api/v1/changes?max_size=100`, { clients: 20 })
    const kills: { beganMs: number; endedMs: number }[] = []
    for (const id of replicas.slice(0, 4)) {
      const before = asking.answered()
      await until('load', () => asking.answered() > before + 100, START_MS)
      const beganMs = performance.now()
      await docker(['kill', id])
      kills.push({ beganMs, endedMs: performance.now() })
    }
    const before = asking.answered()
    await until('answers of the last', () => asking.answered() > before + 100, START_MS)
    const failures = await asking.stop()
    say(`${asking.answered()} answers; ${failures.length} were being given by a killed replica: ${kindsOf(failures)}`)
    const isInFlight = ({ beganMs, endedMs }: { beganMs: number; endedMs: number }) =>
      kills.some((kill) => beganMs <= kill.endedMs && endedMs >= kill.beganMs)
    assert.deepEqual(
      failures.filter((failure) => !isInFlight(failure)),
      [],
    )
    assert.ok(failures.length <= 20 * kills.length)
    await compose('up', '--detach', '--wait', '--scale', 'api=3')
  },
)

step(
  '200 clients that poll and 50 that wait get no error while 5,000 files change, and writing goes on',
  async (say) => {
    await compose('down', '--volumes')
    const data = join(home, 'busy')
    mkdirSync(data)
    await composeWith({ DATA: data }, 'up', '--detach', '--wait', '--scale', 'api=3')
    const sqlite = new Database(join(data, 'feed.db'), { readonly: true })
    const hashed = sqlite
      .prepare<[], number>("SELECT count(*) FROM nodes WHERE NOT is_directory AND hash <> ''")
      .pluck()
    /** Changes 5,000 files in a minute, in batches. Milliseconds until each batch is in the database with its hashes. */
    const change = async (name: string) => {
      const tookMs: number[] = []
      const beganMs = performance.now()
      for (let batch = 0; batch < 40; batch += 1) {
        await sleep(Math.max(0, beganMs + batch * 1_500 - performance.now()))
        const wanted = (hashed.get() ?? 0) + 125
        const folder = join(media, `${name}-${batch}`)
        const batchBeganMs = performance.now()
        mkdirSync(folder)
        for (let number = 0; number < 125; number += 1)
          writeFileSync(join(folder, `${number}.txt`), `${batch} ${number}`)
        await until('all in the database', () => (hashed.get() ?? 0) >= wanted, START_MS)
        tookMs.push(performance.now() - batchBeganMs)
      }
      return { minuteMs: performance.now() - beganMs, batchMs: tookMs.sort((x, y) => x - y)[20] ?? 0 }
    }
    const alone = await change('alone')
    const program = join(import.meta.dirname, 'many-clients.ts')
    // Not by way of the engine's own forwarder, which only connections of this machine to itself take.
    const [proxy = ''] = await containers('proxy')
    const address = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'
    const direct = `http://${(await docker(['inspect', '--format', address, proxy])).trim()}:8080`
    const clients = spawn(process.execPath, [program, direct, '200', '50'], { stdio: ['pipe', 'pipe', 'inherit'] })
    // They would be on other machines.
    setPriority(clients.pid ?? 0, constants.priority.PRIORITY_LOW)
    let output = ''
    clients.stdout.setEncoding('utf8').on('data', (text) => {
      output += text
    })
    await sleep(5_000)
    const beside = await change('beside')
    clients.stdin.end()
    await once(clients, 'close')
    sqlite.close()
    const { answered, failures, pollMs } = JSON.parse(output) as {
      answered: number
      failures: string[]
      pollMs: object
    }
    const shown = ({ minuteMs, batchMs }: { minuteMs: number; batchMs: number }) =>
      `${(minuteMs / 1000).toFixed(1)} s, a batch of 125 ${Math.round(batchMs)} ms`
    say(`5,000 files: alone ${shown(alone)}; beside the clients ${shown(beside)}`)
    say(`${answered} answers, ${failures.length} failures; a poll took ms ${JSON.stringify(pollMs)}`)
    assert.deepEqual(failures.slice(0, 5), [])
    assert.ok(beside.minuteMs <= alone.minuteMs * 1.1, 'the indexer did not keep up with what it keeps up with alone')
    assert.ok(answered > 200 * 20, String(answered))
  },
)

step(
  'the database of the original is upgraded in its folder: a client goes on, and gets what really differs',
  async () => {
    await compose('down', '--volumes')
    const data = join(home, 'data')
    mkdirSync(data)
    const cursor = writeOriginal(join(data, 'feed.db'))
    await composeWith({ DATA: './data' }, 'up', '--detach', '--wait')
    await until('an answer', isAnswering, START_MS)
    const later = new FeedClient(url, { cursor, filters: {} })
    writeFileSync(join(media, 'last.txt'), 'last')
    const seen = new Set<string>()
    await until(
      'the last change',
      async () => {
        for (const change of (await later.take()).changes) seen.add(change.removed ? change.node_id : change.node.name)
        return seen.has('last.txt')
      },
      START_MS,
    )
    // The second watch is there now, too.
    assert.deepEqual(seen, new Set(['films', 'changed.txt', 'gone', 'last.txt']))
    await composeWith({ DATA: './data' }, 'down')
  },
)

/** A database as the original would have left it, of two files on this disk; gives its newest cursor. */
function writeOriginal(path: string): number {
  copyFileSync(join(ROOT, 'test/data/original-1.0.1.db'), path)
  const sqlite = new Database(path)
  sqlite.exec('DELETE FROM changes; DELETE FROM nodes WHERE parent_id IS NOT NULL')
  const add =
    sqlite.prepare(`INSERT INTO nodes (node_id, parent_id, name, is_directory, ctime, mtime, mime_type, hash, size)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const log = sqlite.prepare('INSERT INTO changes (node_id) VALUES (?)')
  const put = (file: string, parentId: string, bytes: string | null) => {
    const { dev, ino, ctimeNs, mtimeNs } = statSync(file, { bigint: true })
    const id = plainNodeId(String(dev), String(ino))
    const [hash, size, type] =
      bytes === null ? ['', 0, ''] : [createHash('md5').update(bytes).digest('hex'), bytes.length, 'text/plain']
    add.run(id, parentId, basename(file), bytes === null ? 1 : 0, ctimeNs / 1000n, mtimeNs / 1000n, type, hash, size)
    log.run(id)
    return id
  }
  for (const name of readdirSync(media)) rmSync(join(media, name), { recursive: true })
  for (const name of ['same.txt', 'changed.txt']) writeFileSync(join(media, name), 'as it was')
  const root = put(media, SUPER_ROOT_ID, null)
  for (const name of ['same.txt', 'changed.txt']) put(join(media, name), root, 'as it was')
  writeFileSync(join(media, 'changed.txt'), 'and as it is now')
  add.run('gone', root, 'gone.txt', 0, 0, 0, 'text/plain', '', 1)
  const { lastInsertRowid } = log.run('gone')
  sqlite.close()
  return Number(lastInsertRowid)
}

async function isAnswering(): Promise<boolean> {
  return (await epochNow()) !== null
}

async function cursorNow(): Promise<number> {
  return (await getJson<{ cursor: number }>(`${url}/api/v1/cursor`)).cursor
}

/** Null while there is no answer. */
async function epochNow(): Promise<string | null> {
  const response = await fetch(`${url}/api/v1/cursor`).catch(() => null)
  await response?.arrayBuffer()
  return response?.ok === true ? response.headers.get('feed-epoch') : null
}

/** Until all files have their hash. */
async function settled(): Promise<void> {
  await until(
    'all hashes',
    async () => {
      const response = await fetch(`${url}/readyz`).catch(() => null)
      if (response?.ok !== true) return false
      await client.poll()
      return [...client.nodes.values()].every((node) => node.is_directory || node.hash !== '')
    },
    START_MS,
  )
}

function idsByName(): Map<string, string> {
  return new Map([...client.nodes.values()].map(({ name, id }) => [name, id]))
}

async function schemaVersion(): Promise<number> {
  const ask = `
    const { default: Database } = await import('/app/node_modules/better-sqlite3/lib/index.js')
    console.log(new Database('/data/feed.db', { readonly: true }).pragma('user_version', { simple: true }))`
  const [id = ''] = await containers('api')
  return Number(await docker(['exec', id, 'node', '--input-type=module', '--eval', ask]))
}

async function exec(service: string, ...argv: readonly string[]): Promise<string> {
  const [id = ''] = await containers(service)
  return docker(['exec', id, ...argv])
}

async function logOf(service: string): Promise<string[]> {
  return linesOf(await compose('logs', '--no-color', service))
}

async function allContainers(service: string): Promise<string[]> {
  return linesOf(await compose('ps', '--all', '--quiet', service))
}

function kindsOf(failures: readonly { readonly what: string }[]): string {
  const counts = new Map<string, number>()
  for (const { what } of failures) counts.set(what, (counts.get(what) ?? 0) + 1)
  return [...counts].map(([what, count]) => `${count} × ${what}`).join('; ')
}
