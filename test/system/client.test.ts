/**
 * Shows that the project's own client, and the example that uses it, end with the tree of the disk, also after the
 * database was replaced. Both services run as processes.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createFeed, FeedGoneError, type FeedNode, placeOf, type Tree } from '@drive-feed/client'
import { expectedTree, untilConverged } from '../support/convergence.ts'
import { describeNode, differences, type TreeImage } from '../support/disk-tree.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { until, untilNone } from '../support/until.ts'

const MIRROR = join(import.meta.dirname, '../../scripts/mirror-example')

/** Short delays, so that a test need not wait. */
const RETRY = { firstMs: 10, maxMs: 100 }

function imageOf(nodes: Tree): TreeImage {
  return new Map(Array.from(nodes, ([id, node]) => [placeOf(nodes, id) ?? `(lost) ${id}`, describeNode(node)]))
}

/** Keeps the tree in two ways until the test is over: by requests, and by events. */
function keepTrees(t: TestContext, pair: Pair) {
  const ending = new AbortController()
  const { signal } = ending
  const asked = { nodes: new Map() as Tree, startsOver: 0 }
  const listened = { nodes: new Map<string, FeedNode>(), startsOver: 0 }
  const feed = createFeed({ url: pair.url, retry: RETRY })
  const asking = (async () => {
    for await (const { nodes, isStartingOver, isCaughtUp } of feed.follow({ wait: 20, maxSize: 7, signal })) {
      asked.nodes = nodes
      if (isStartingOver && isCaughtUp) asked.startsOver += 1
    }
  })()
  const listening = (async () => {
    for (let position = {}; ; position = {}) {
      try {
        for await (const { changes } of feed.events({ ...position, signal })) {
          for (const change of changes) {
            if (change.removed) listened.nodes.delete(change.node_id)
            else listened.nodes.set(change.node.id, change.node)
          }
        }
      } catch (error) {
        if (!(error instanceof FeedGoneError)) throw error
        listened.nodes.clear()
        listened.startsOver += 1
      }
    }
  })()
  const ended = Promise.allSettled([asking, listening])
  t.after(async () => {
    ending.abort()
    await ended
  })
  return { asked, listened, failed: Promise.race([asking, listening]) }
}

/** Asserts that the tree equals the disk in both ways. */
async function assertKept(pair: Pair, trees: Pick<ReturnType<typeof keepTrees>, 'asked' | 'listened'>): Promise<void> {
  await untilConverged(pair)
  const { asked, listened } = trees
  for (const [what, kept] of Object.entries({ 'what was asked for': asked, 'what was listened to': listened })) {
    await untilNone(`${what} is the tree`, () => differences(expectedTree(pair), imageOf(kept.nodes), what))
  }
}

test('I2: the client keeps the tree, by asking and by listening, over restarts and a new database', async (t) => {
  const pair = await createPair(t)
  fill(pair, 'first', 30)
  await pair.startIndexer()
  let api = await pair.startApi()
  const trees = keepTrees(t, pair)
  const scenario = async () => {
    await assertKept(pair, trees)
    fill(pair, 'second', 10)
    renameSync(pair.path('first'), pair.path('second', 'moved'))
    rmSync(pair.path('second', '3'))
    await assertKept(pair, trees)

    await api.end('SIGKILL')
    fill(pair, 'third', 10)
    api = await pair.startApi()
    await assertKept(pair, trees)

    await pair.endIndexer()
    const folder = dirname(pair.databasePath)
    for (const name of readdirSync(folder)) rmSync(join(folder, name))
    rmSync(pair.path('second', 'moved'), { recursive: true })
    await pair.startIndexer()
    await until('both to start over', () => trees.asked.startsOver > 0 && trees.listened.startsOver > 0)
    await assertKept(pair, trees)
  }
  await Promise.race([scenario(), trees.failed])
})

test('the example keeps a list that md5sum accepts, and goes on where it was stopped', async (t) => {
  const pair = await createPair(t)
  fill(pair, 'first', 10)
  writeFileSync(pair.path('odd\nname \\ here'), 'odd')
  await Promise.all([pair.startIndexer(), pair.startApi()])
  const list = join(pair.folder, 'list.md5')
  const expected = () => sortedLines(execFileSync('find', [pair.path(), '-type', 'f', '-exec', 'md5sum', '{}', '+']))
  const isListed = () => existsSync(list) && sortedLines(readFileSync(list)) === expected()
  const mirror = startMirror(t, pair, list)
  await until('the list to be whole', isListed)
  renameSync(pair.path('first'), pair.path('moved'))
  writeFileSync(pair.path('moved', '1'), 'other bytes')
  await until('the list to follow', isListed)
  mirror.kill('SIGINT')
  assert.deepEqual(await once(mirror, 'exit'), [0, null])

  rmSync(pair.path('moved', '2'))
  await untilConverged(pair)
  const again = startMirror(t, pair, list, '--once')
  let told = ''
  again.stdout?.on('data', (text: Buffer) => {
    told += text
  })
  assert.deepEqual(await once(again, 'close'), [0, null])
  assert.equal(told, `- ${pair.path('moved', '2')}\n`)
  assert.ok(isListed())
  execFileSync('md5sum', ['--check', '--strict', '--quiet', list])
})

function fill(pair: Pair, folder: string, files: number): void {
  mkdirSync(pair.path(folder), { recursive: true })
  for (let n = 0; n < files; n += 1) writeFileSync(pair.path(folder, `${n}`), `${folder} ${n}`)
}

function startMirror(t: TestContext, pair: Pair, list: string, ...options: string[]): ChildProcess {
  const mirror = spawn(MIRROR, [...options, pair.url, list], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => mirror.kill('SIGKILL'))
  return mirror
}

function sortedLines(text: Buffer): string {
  return text.toString().split('\n').sort().join('\n')
}
