/**
 * Tests the image that has both services, in one container as a NAS without compose runs it. One story; `scripts/e2e`
 * runs it.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { FeedClient } from '../../test/support/feed-client.ts'
import { until } from '../../test/support/until.ts'
import { docker, linesOf } from './deployment.ts'
import { createStory } from './story.ts'
import { argumentsOf, readTemplate } from './unraid-template.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const START_MS = 90_000
const HEALTHY_MS = 180_000
/** Unraid's user and group for all that belongs to nobody in particular. */
const NOBODY = { uid: 99, gid: 100 }

const { deployment, step, alsoHas } = await createStory()
const { home, media, media2, project, url } = deployment
const { port } = new URL(url)
const name = `${project}-all`
const image = `${project}/drive-feed`
const data = join(home, 'data')
const client = new FeedClient(url, { maxSize: 500 })

alsoHas({
  remove: () => {
    for (const words of [
      ['rm', '--force', '--volumes', name],
      ['rmi', '--force', image],
    ])
      spawnSync('docker', words, { stdio: 'ignore' })
  },
  log: () => logText(),
})

step('the image is built', async () => {
  await docker(['build', '--quiet', '--file', join(ROOT, 'services/Dockerfile'), '--tag', image, ROOT])
})

step(
  'with mounts and a right to read everything it watches, answers and is healthy; its root is read-only',
  async () => {
    writeFileSync(join(media, 'of-another.txt'), 'secret', { mode: 0o600 })
    chownSync(join(media, 'of-another.txt'), 1234, 1234)
    await run(['--read-only', '--cap-drop=ALL', '--cap-add=DAC_READ_SEARCH', ...mounts('/data')])
    await untilAnswers()
    await untilInFeed('of-another.txt')
    await until('its hash', async () => {
      await client.poll()
      return [...client.nodes.values()].find((node) => node.name === 'of-another.txt')?.hash
    })
    await until('healthy', async () => (await inspect('{{.State.Health.Status}}')) === 'healthy', HEALTHY_MS)
    const { stdout } = await logs()
    const writers = new Set(stdout.map((line) => (JSON.parse(line) as { name: string }).name))
    assert.deepEqual(writers, new Set(['indexer', 'api']))
  },
)

for (const service of ['indexer', 'api']) {
  step(
    `if the ${service} is killed the container ends, is started again by the engine, and misses nothing`,
    async () => {
      const restarts = Number(await inspect('{{.RestartCount}}'))
      process.kill(await pidOf(service), 'SIGKILL')
      writeFileSync(join(media, `killed-${service}.txt`), '')
      await until('a restart', async () => Number(await inspect('{{.RestartCount}}')) === restarts + 1, START_MS)
      await untilAnswers()
      await untilInFeed(`killed-${service}.txt`)
      const { stderr } = await logs()
      assert.equal(stderr.at(-1), `drive-feed: the ${service} ended (signal SIGKILL); ending the other one too`)
    },
  )
}

step('the check fails if the api does not answer, and if the indexer is silent', async () => {
  await docker(['rm', '--force', '--volumes', name])
  mkdirSync(data)
  // As root with the rights that the engine gives by default, as the forms of a NAS do.
  await run(mounts(data))
  await untilAnswers()
  await untilHashed(new FeedClient(url, { maxSize: 500 }), 'of-another.txt')
  await until('well', async () => (await check()) === 0, START_MS)
  const api = await pidOf('api')
  process.kill(api, 'SIGSTOP')
  assert.notEqual(await check(), 0)
  process.kill(api, 'SIGCONT')
  await until('well again', async () => (await check()) === 0)
  const indexer = await pidOf('indexer')
  process.kill(indexer, 'SIGSTOP')
  const sqlite = new Database(join(data, 'feed.db'))
  sqlite.exec('UPDATE status SET heartbeat_ms = heartbeat_ms - 600000')
  sqlite.close()
  assert.notEqual(await check(), 0)
  process.kill(indexer, 'SIGCONT')
})

step('processes that lost their parent leave nothing behind', async () => {
  await docker(['exec', name, 'sh', '-c', '(sleep 0.2 & sleep 0.2 &)'])
  // Not `docker top`, which does not list processes that have ended and wait to be taken notice of.
  const names = () => docker(['exec', name, 'sh', '-c', 'cat /proc/[0-9]*/comm'])
  await until('none left', async () => !(await names()).includes('sleep'))
})

step('told to stop, both end, with exit code 0', async (say) => {
  const waiting = fetch(`${url}/api/v1/events`).then((response) => response.text())
  const began = performance.now()
  await docker(['stop', name])
  say(`${Math.round(performance.now() - began)} ms`)
  await waiting
  assert.equal(await inspect('{{.State.ExitCode}} {{.State.Running}}'), '0 false')
})

step('the template of Unraid starts it as nobody, in the folder that Unraid makes', async () => {
  await docker(['rm', '--force', '--volumes', name])
  const appdata = join(home, 'appdata')
  mkdirSync(appdata)
  chownSync(appdata, NOBODY.uid, NOBODY.gid)
  const filledIn = { '/mnt/media': media, '/data': appdata, 8080: `127.0.0.1:${port}` }
  await docker(['run', '--detach', '--name', name, ...argumentsOf(readTemplate(), filledIn), image])
  await untilAnswers()
  assert.equal((await docker(['exec', name, 'id', '--user'])).trim(), String(NOBODY.uid))
  await until('healthy', async () => (await inspect('{{.State.Health.Status}}')) === 'healthy', HEALTHY_MS)
})

step(
  'a folder for the database that it may not write is told in one line, and waited for without a restart',
  async () => {
    await docker(['rm', '--force', '--volumes', name])
    const roots = join(home, 'of-root')
    mkdirSync(roots)
    await run(['--user', '99:100', ...mounts(roots)])
    const told = async () => {
      const { stdout, stderr } = await logs()
      return [...stdout, ...stderr].filter((line) => line.includes("/data can't be written"))
    }
    const [line = ''] = await until('the line', async () => ((await told()).length > 0 ? told() : null), START_MS)
    assert.match(
      line,
      /belongs to 0:0\. Run as its owner \(with Docker: --user 0:0, or .*\), or give it .*: sudo chown 99:100 \/data/,
    )
    assert.notEqual(await check(), 0)
    chownSync(roots, NOBODY.uid, NOBODY.gid)
    await untilAnswers()
    await until('well', async () => (await check()) === 0, START_MS)
    assert.deepEqual([(await told()).length, await inspect('{{.RestartCount}}')], [1, '0'])
  },
)

step('a config file counts instead of the variables, and a mistake in it is waited for', async () => {
  await docker(['rm', '--force', '--volumes', name])
  const config = join(home, 'server.yaml')
  writeFileSync(config, 'database_url: /data/feed.db\nwatches: {films: /mnt/media2}\nprot: 1\n')
  await run([...mounts('/data'), '--volume', `${config}:/config/server.yaml:ro`])
  const saysSo = async () => (await logs()).stderr.some((line) => line.includes('prot: unknown key'))
  await until('the mistake', saysSo, START_MS)
  writeFileSync(config, 'database_url: /data/feed.db\nwatches: {films: /mnt/media2}\n')
  await untilAnswers()
  assert.equal(await inspect('{{.RestartCount}}'), '0')
  const films = new FeedClient(url, { maxSize: 500 })
  await until('the watch of the file', async () => {
    await films.poll()
    return [...films.nodes.values()].some((node) => node.name === 'films')
  })
})

/** `where`: a folder of this machine, or `/data` for a volume without a name. */
function mounts(where: string): string[] {
  chmodSync(media, 0o755)
  const volume = where === '/data' ? where : `${where}:/data`
  const watched = [`${media}:/mnt/media:ro`, `${media2}:/mnt/media2:ro`]
  return [...watched, volume].flatMap((one) => ['--volume', one])
}

async function run(words: readonly string[]): Promise<void> {
  const common = ['--detach', '--name', name, '--restart=unless-stopped', '--publish', `127.0.0.1:${port}:8080`]
  await docker(['run', ...common, ...words, image])
}

async function inspect(format: string): Promise<string> {
  return (await docker(['inspect', '--format', format, name])).trim()
}

async function logs(): Promise<{ readonly stdout: string[]; readonly stderr: string[] }> {
  const { stdout, stderr } = spawnSync('docker', ['logs', name], { encoding: 'utf8', maxBuffer: 1 << 26 })
  return { stdout: linesOf(stdout), stderr: linesOf(stderr) }
}

async function logText(): Promise<string> {
  const { stdout, stderr } = await logs()
  return [...stdout.slice(-50), ...stderr.slice(-50)].join('\n')
}

/** Processes of the container, by their ids on this machine. */
async function processes(): Promise<{ readonly pid: number; readonly args: string }[]> {
  const [, ...lines] = linesOf(await docker(['top', name, '-eo', 'pid,args']))
  return lines.map((line) => {
    const [, pid = '', args = ''] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? []
    return { pid: Number(pid), args }
  })
}

async function pidOf(service: string): Promise<number> {
  const found = (await processes()).find(({ args }) => args.includes(`services/${service}/src/main.ts`))
  return found?.pid ?? assert.fail(`no process of the ${service}`)
}

/** The exit code of the image's own check. */
async function check(): Promise<number | null> {
  const [, ...words] = JSON.parse(await inspect('{{json .Config.Healthcheck.Test}}')) as string[]
  return spawnSync('docker', ['exec', name, ...words], { stdio: 'ignore' }).status
}

async function untilAnswers(): Promise<void> {
  const isAnswering = async () => {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => null)
    return response?.status === 200
  }
  await until('an answer', isAnswering, START_MS)
}

async function untilInFeed(wanted: string): Promise<void> {
  const isThere = async () => {
    await client.poll()
    return [...client.nodes.values()].some((node) => node.name === wanted)
  }
  await until(`${wanted} in the feed`, isThere)
}

async function untilHashed(reader: FeedClient, wanted: string): Promise<void> {
  await until(`the hash of ${wanted}`, async () => {
    await reader.poll()
    return [...reader.nodes.values()].find((node) => node.name === wanted)?.hash
  })
}
