/**
 * Shows backup and restore beside the real services: the api answers all the time and from one database at a time, the
 * indexer goes on with the copy, and clients that know more than the copy are told.
 */
import assert from 'node:assert/strict'
import { mkdirSync, openSync, readdirSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { assertAllEqual } from '../support/convergence.ts'
import { FeedClient } from '../support/feed-client.ts'
import { headOf } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { launch } from '../support/service-process.ts'
import { until } from '../support/until.ts'

const CLI_MAIN = join(import.meta.dirname, '../../cli/src/main.ts')

function makeFiles(pair: Pair, folder: string, count = 20): void {
  mkdirSync(pair.path(folder))
  for (let n = 0; n < count; n += 1) writeFileSync(pair.path(folder, `${n}`), `${folder} ${n}`)
}

function run(t: TestContext, pair: Pair, ...words: string[]) {
  return launch(t, { command: process.execPath, args: [CLI_MAIN, ...words, `--config=${pair.configPath}`] })
}

/** A copy of the state of now, beside the test's other files. */
async function backUp(t: TestContext, pair: Pair): Promise<string> {
  const copy = join(pair.folder, 'copy.db')
  const command = run(t, pair, 'backup', '--force', copy)
  assert.equal((await command.exit()).code, 0, command.stderr())
  assert.ok(command.stdout().includes(`head ${headOf(pair)},`), command.stdout())
  return copy
}

/** The names of files of which only some are there. */
const LEFT_OVER = /\.restore|-journal|\.partial/

function assertNothingLeft(pair: Pair): void {
  const names = readdirSync(dirname(pair.databasePath))
  assert.deepEqual(
    names.filter((name) => LEFT_OVER.test(name)),
    [],
  )
}

/** Asks the api again and again. Gives every head and every status that it answered, once each, in their order. */
function askAllTheTime(pair: Pair) {
  const heads: number[] = []
  const statuses: number[] = []
  let isOver = false
  const noted = (list: number[], value: number) => {
    if (list.at(-1) !== value) list.push(value)
  }
  const asking = (async () => {
    while (!isOver) {
      const answer = await fetch(`${pair.url}/api/v1/cursor`)
      noted(statuses, answer.status)
      if (answer.status === 200) noted(heads, Number(((await answer.json()) as { cursor: string }).cursor))
      else await answer.body?.cancel()
    }
  })()
  return {
    stop: async () => {
      isOver = true
      await asking
      return { heads, statuses }
    },
  }
}

async function caughtUp(client: FeedClient, pair: Pair): Promise<FeedClient> {
  await until('the client to have all', async () => {
    await client.take()
    return client.cursor === headOf(pair)
  })
  return client
}

test('a restore beside running services: clients of before go on, later ones begin anew, all end with the disk', async (t) => {
  const pair = await createPair(t)
  makeFiles(pair, 'before')
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const early = await caughtUp(new FeedClient(pair.url, { sendsEpoch: true }), pair)
  const copy = await backUp(t, pair)
  const headOfCopy = headOf(pair)
  makeFiles(pair, 'later')
  rmSync(pair.path('before', '3'))
  await assertAllEqual(pair)
  const late = await caughtUp(new FeedClient(pair.url, { sendsEpoch: true }), pair)
  const headBefore = headOf(pair)
  const asking = askAllTheTime(pair)
  const command = run(t, pair, 'restore', copy)
  assert.equal((await pair.indexer().exit()).code, 75, 'which a service manager starts again')
  assert.match(pair.indexer().stdout(), /a copy of \S+feed\.db waits to be put in its place; ending/)
  await pair.startIndexer()
  assert.match(pair.indexer().stdout(), /a copy was put in the place of /)
  assert.equal((await command.exit()).code, 0, command.stderr())
  assert.match(command.stdout(), /checked, and it is whole\n.+ends within seconds.+\nThe indexer has put it in place/)
  await assertAllEqual(pair)
  const { heads, statuses } = await asking.stop()
  assert.deepEqual(statuses, [200], 'the api answered all the time')
  assert.equal(heads[0], headBefore)
  assert.ok(heads[1] === headOfCopy || (heads[1] ?? 0) > headOfCopy)
  assert.ok(
    heads.slice(1).every((head, at) => at === 0 || head > (heads[at] ?? 0)),
    'the old state never comes back',
  )
  await t.test('clients', async () => {
    const answer = await fetch(`${pair.url}/api/v1/changes?cursor=${late.cursor}&epoch=${late.epoch}`)
    assert.equal(answer.status, 410)
    const going = await fetch(`${pair.url}/api/v1/changes?cursor=${early.cursor}&epoch=${early.epoch}`)
    assert.equal(going.status, 200)
    const whole = await caughtUp(new FeedClient(pair.url), pair)
    for (const client of [early, late]) {
      await caughtUp(client, pair)
      assert.deepEqual(new Map([...client.nodes].sort()), new Map([...whole.nodes].sort()))
    }
  })
  assertNothingLeft(pair)
})

test('without an indexer the command puts the copy in place, the api reads it, and the next start goes on', async (t) => {
  const pair = await createPair(t)
  makeFiles(pair, 'before')
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const copy = await backUp(t, pair)
  const headOfCopy = headOf(pair)
  makeFiles(pair, 'later')
  await assertAllEqual(pair)
  await pair.endIndexer('SIGKILL')
  const { ino } = statSync(pair.databasePath)
  const command = run(t, pair, 'restore', copy)
  assert.equal((await command.exit()).code, 0, command.stderr())
  assert.match(command.stdout(), /It is in the place of the database\. /)
  assert.notEqual(statSync(pair.databasePath).ino, ino)
  const answer = await fetch(`${pair.url}/api/v1/cursor`)
  assert.deepEqual([answer.status, Number(((await answer.json()) as { cursor: string }).cursor)], [200, headOfCopy])
  assertNothingLeft(pair)
  await pair.startIndexer()
  await assertAllEqual(pair)
})

test('a restore helps an indexer that waits because its database is damaged', async (t) => {
  const pair = await createPair(t)
  makeFiles(pair, 'before', 300)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const copy = await backUp(t, pair)
  await pair.endIndexer()
  const { size } = statSync(pair.databasePath)
  const bytes = Buffer.alloc(size - 8192, 0xa5)
  writeSync(openSync(pair.databasePath, 'r+'), bytes, 0, bytes.length, 8192)
  pair.launchIndexer()
  await until('the indexer to wait or to end', () => {
    return pair.indexer().exited() || pair.indexer().stdout().includes('waiting: the database file is damaged')
  })
  const command = run(t, pair, 'restore', copy)
  assert.ok([1, 75].includes((await pair.indexer().exit()).code ?? 0))
  await until('the copy to wait or to be in place', () => command.stdout().includes('checked'))
  await pair.startIndexer()
  assert.equal((await command.exit()).code, 0, command.stderr())
  await assertAllEqual(pair)
  assertNothingLeft(pair)
})
