/**
 * Shows I15: each problem appears with its place, since when and what to do, and disappears when it is over. Both
 * services run as processes.
 */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createPair, type Pair } from '../support/pair.ts'
import { until } from '../support/until.ts'

type Problem = { code: string; root: string | null; text: string; fix: string; since: string }
type Status = {
  state: string
  problems: Problem[]
  initial_scan_complete: boolean
  roots: { name: string; state: string; files: number; bytes: number; message: string | null }[]
}

const NOBODY = 65_534

async function statusOf(pair: Pair): Promise<Status> {
  return (await fetch(`${pair.url}/api/v1/status`)).json() as Promise<Status>
}

/** Waits until the status has exactly these problems, with a matching state. Gives them. */
async function untilProblems(pair: Pair, expected: readonly string[]): Promise<Problem[]> {
  let last: Status | null = null
  try {
    return await until(`problems ${expected.join(', ')}`, async () => {
      last = await statusOf(pair)
      // There are none before the indexer has started.
      const { problems = [], state } = last
      const isSo = JSON.stringify(problems.map(({ code, root }) => `${code} ${root}`)) === JSON.stringify(expected)
      return isSo && state === (expected.length === 0 ? 'watching' : 'degraded') && problems
    })
  } catch (error) {
    throw new Error(`${(error as Error).message}: ${JSON.stringify(last)}`)
  }
}

async function readiness(pair: Pair, query = ''): Promise<number> {
  return (await fetch(`${pair.url}/readyz${query}`)).status
}

test('I15: a root that is away is a problem until it is back, also across a restart', async (t) => {
  const pair = await createPair(t, { roots: ['media', 'photos'] })
  writeFileSync(pair.path('a'), 'a')
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await untilProblems(pair, [])
  assert.equal(await readiness(pair, '?strict=1'), 200)
  const elsewhere = `${pair.path()} elsewhere`
  renameSync(pair.path(), elsewhere)
  const [away] = await untilProblems(pair, ['root_offline media'])
  assert.equal(away?.text, `${pair.path()} is not there as a folder`)
  assert.equal(away?.fix, 'mount it or bring it back, its nodes are kept until then')
  const media = (await statusOf(pair)).roots.find(({ name }) => name === 'media')
  assert.equal(media?.message, `${away?.text}; ${away?.fix}`)
  assert.deepEqual([await readiness(pair), await readiness(pair, '?strict=1')], [200, 503])
  await pair.endIndexer()
  assert.deepEqual(
    (await statusOf(pair)).problems.map(({ code }) => code),
    ['indexer_stopped', 'root_offline'],
  )
  await pair.startIndexer(['photos'])
  const [still] = await untilProblems(pair, ['root_offline media'])
  assert.equal(still?.since, away?.since)
  renameSync(elsewhere, pair.path())
  await untilProblems(pair, [])
  assert.equal(await readiness(pair, '?strict=1'), 200)
})

test('I15: a root that was emptied waits for its owner, who gets the command', async (t) => {
  const pair = await createPair(t)
  mkdirSync(pair.path('folder'))
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await pair.endIndexer()
  rmSync(pair.path('folder'), { recursive: true })
  pair.launchIndexer()
  const [empty] = await untilProblems(pair, ['root_empty media'])
  assert.match(empty?.fix ?? '', /\/drive-feed accept-empty media --config=/)
})

test('I15: folders and files that can not be read are reported with their names', async (t) => {
  const pair = await createPair(t, { uid: NOBODY })
  const hostile = pair.path('\x1b[31mfolder')
  mkdirSync(hostile)
  writeFileSync(pair.path('secret'), 'secret')
  chmodSync(hostile, 0)
  chmodSync(pair.path('secret'), 0)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  const [folder, file] = await untilProblems(pair, ['folders_unreadable media', 'files_unreadable media'])
  assert.match(folder?.text ?? '', /\\u001b\[31mfolder" can't be read \(EACCES/)
  assert.match(file?.text ?? '', /\/secret can't be read \(EACCES/)
  for (const { fix } of [folder, file] as Problem[]) assert.match(fix, /^check permissions and the disk/)
  chmodSync(pair.path('secret'), 0o644)
  await untilProblems(pair, ['folders_unreadable media'])
})

test('the first scan is complete once every root was scanned to its end, whatever is in the config since', async (t) => {
  const pair = await createPair(t)
  writeFileSync(pair.path('a'), 'a')
  await Promise.all([pair.startIndexer(), pair.startApi()])
  const isComplete = async () => (await statusOf(pair)).initial_scan_complete
  await until('the first scan to be complete', isComplete)
  await pair.endIndexer()
  const more = join(pair.folder, 'more')
  mkdirSync(more)
  for (let n = 0; n < 2_000; n += 1) mkdirSync(join(more, String(n)))
  pair.configure({ roots: { ...pair.configuration().roots, more } })
  pair.launchIndexer()
  // The state from the run before does not count.
  await until('the new run to write its status', async () => (await statusOf(pair)).state !== 'stopped')
  const seen = new Set<boolean>()
  await until('the first scan to be complete again', async () => {
    const { roots, initial_scan_complete: isNow } = await statusOf(pair)
    const isMoreThere = roots.some(({ name, state }) => name === 'more' && state === 'watching')
    assert.ok(!isNow || isMoreThere, JSON.stringify(roots))
    seen.add(isNow)
    return isNow
  })
  assert.deepEqual([...seen], [false, true])
  const body = await (await fetch(`${pair.url}/readyz`)).json()
  assert.deepEqual(body, { ok: true, initial_scan_complete: true })
})

test('the files and bytes of each root are those on the disk, after moves, restarts and other configs', async (t) => {
  const pair = await createPair(t, { roots: ['media', 'photos'] })
  const photos = join(pair.folder, 'photos')
  mkdirSync(pair.path('folder/inner'), { recursive: true })
  for (const [name, size] of Object.entries({ a: 1, 'folder/b': 10, 'folder/inner/c': 100 })) {
    writeFileSync(pair.path(name), 'x'.repeat(size))
  }
  await Promise.all([pair.startIndexer(), pair.startApi()])
  const untilTotals = async (expected: Record<string, [number, number]>) => {
    await until(`totals ${JSON.stringify(expected)}`, async () => {
      const { roots } = await statusOf(pair)
      const totals = Object.fromEntries(roots.map(({ name, files, bytes }) => [name, [files, bytes]]))
      return JSON.stringify(totals) === JSON.stringify(expected)
    })
    const metrics = await (await fetch(`${pair.url}/metrics`)).text()
    for (const [root, [files, bytes]] of Object.entries(expected)) {
      assert.ok(metrics.includes(`\ndrive_feed_files{root="${root}"} ${files}\n`), metrics)
      assert.ok(metrics.includes(`\ndrive_feed_bytes{root="${root}"} ${bytes}\n`), metrics)
    }
  }
  await untilTotals({ media: [3, 111], photos: [0, 0] })
  renameSync(pair.path('folder'), join(photos, 'folder'))
  writeFileSync(pair.path('a'), 'xx')
  await untilTotals({ media: [1, 2], photos: [2, 110] })
  await pair.endIndexer('SIGKILL')
  renameSync(join(photos, 'folder/inner'), pair.path('inner'))
  await pair.startIndexer()
  await untilTotals({ media: [2, 102], photos: [1, 10] })
  await pair.endIndexer()
  pair.configure({ roots: { media: pair.path() } })
  await pair.startIndexer()
  await untilTotals({ media: [2, 102] })
})
