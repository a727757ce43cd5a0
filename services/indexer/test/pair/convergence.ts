/** The comparison at the end of every scenario: disk, database and every way of replaying the feed tell the same. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { displayName, nameFromColumns } from '@drive-feed/shared/entry-name.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type Database from 'better-sqlite3'
import { describeFile, differences, diskTree, type NodeRow, nodesTree, readNodes, type TreeImage } from './disk-tree.ts'
import { createFeedClient, type FeedClient, microsecondsOf, type WireChange, type WireNode } from './feed-client.ts'
import type { Pair } from './harness.ts'
import { BOUND_MS, untilNone } from './until.ts'

/** Waits until the nodes equal the disk and no file waits for its metadata. The disk must be quiet. */
export async function untilConverged(pair: Pair, { boundMs = BOUND_MS, only = '' } = {}): Promise<void> {
  const disk = part(expectedTree(pair), only)
  const unequal = () => differences(disk, part(readTree(pair), only), 'the nodes')
  await untilNone('I1: the nodes equal the disk', unequal, boundMs)
  await untilNone('no file waits for its metadata', () => pair.read(waitingFiles), boundMs)
}

/** What of the tree is in folders of this name directly below the roots; all of it for ''. */
function part(tree: TreeImage, folder: string): TreeImage {
  if (folder === '') return tree
  return new Map([...tree].filter(([path]) => path.split('/')[1] === folder))
}

export function expectedTree(pair: Pair): TreeImage {
  const { roots, exclude } = pair.configuration()
  return diskTree(roots, exclude)
}

function readTree(pair: Pair): TreeImage {
  return nodesTree(pair.read(readNodes))
}

function waitingFiles(sqlite: Database.Database): string[] {
  return sqlite.prepare<[], string>("SELECT name FROM nodes WHERE metadata_state IN ('fresh', 'backlog')").pluck().all()
}

/** A client that follows the feed while the test works, and remembers what it had at every cursor it was given. */
export type Follower = {
  /** Every change that was read, in order. */
  readonly changes: WireChange[]
  readonly client: FeedClient
  readonly catchUp: () => Promise<void>
  readonly stop: () => Promise<void>
  readonly snapshots: readonly FeedClient[]
}

const SNAPSHOTS_MAX = 200
const SNAPSHOT_NODES_MAX = 200_000

export function follow(pair: Pair, { pauseMs = 10, maxSize = null as number | null } = {}): Follower {
  const client = createFeedClient(pair.url, maxSize)
  const snapshots: FeedClient[] = [client.fork()]
  const changes: WireChange[] = []
  let isStopping = false
  let turn: Promise<void> = Promise.resolve()
  let failure: unknown
  const once = async () => {
    const before = client.cursor()
    changes.push(...(await client.poll()))
    if (client.cursor() === before) return
    snapshots.push(client.fork())
    const tooMany = Math.min(SNAPSHOTS_MAX, SNAPSHOT_NODES_MAX / (client.nodes.size + 1))
    // Any one may be forgotten; those at both ends tell most.
    if (snapshots.length > tooMany) snapshots.splice(Math.floor(snapshots.length / 2), 1)
  }
  const inTurn = () => {
    turn = turn.then(once)
    return turn
  }
  const loop = (async () => {
    while (!isStopping) {
      await inTurn()
      await sleep(pauseMs)
    }
  })().catch((error: unknown) => {
    failure = error
  })
  return {
    changes,
    client,
    snapshots,
    catchUp: async () => {
      if (failure !== undefined) throw failure
      await inTurn()
    },
    stop: async () => {
      isStopping = true
      await loop
      if (failure !== undefined) throw failure
    },
  }
}

/** Waits for convergence and compares everything: I1, I2 (from 0 and from every cursor seen), I3, I4, I11. */
export async function assertAllEqual(
  pair: Pair,
  follower?: Follower,
  bounds: { readonly boundMs?: number; readonly only?: string } = {},
): Promise<void> {
  await untilConverged(pair, bounds)
  const rows = pair.read(readNodes)
  assert.deepEqual(pair.read(brokenRules), [], 'the tables hold together')
  const expected = wireImageOfRows(rows)
  const clients = [createFeedClient(pair.url, null), createFeedClient(pair.url, 7)]
  if (rows.length > 2_000) clients.pop()
  if (follower !== undefined) {
    await follower.catchUp()
    clients.push(...follower.snapshots.map((snapshot) => snapshot.fork()), follower.client.fork())
  }
  for (const client of clients) {
    const from = client.cursor()
    await client.poll()
    assert.deepEqual(differences(expected, wireImage(client), 'the replay'), [], `I2: replay from cursor ${from}`)
  }
}

/** Rules on the tables that hold after every transaction, as sentences about what breaks them. */
function brokenRules(sqlite: Database.Database): string[] {
  const superRoot = `'${SUPER_ROOT_ID}'`
  const rules = {
    'I3: not after its parent': `SELECT child.name FROM nodes child JOIN nodes parent ON parent.node_id = child.parent_id
      WHERE parent.node_id <> ${superRoot} AND child.change_id <= parent.change_id`,
    'I4: without a parent': `SELECT name FROM nodes WHERE node_id <> ${superRoot}
      AND parent_id NOT IN (SELECT node_id FROM nodes)`,
    'I11: two nodes at one place': `SELECT name FROM nodes GROUP BY parent_id, name, raw_name HAVING count(*) > 1`,
    'node without its change': `SELECT name FROM nodes LEFT JOIN changes USING (change_id)
      WHERE nodes.node_id <> ${superRoot} AND (changes.node_id IS NOT nodes.node_id OR is_removed)`,
    'node with two changes': 'SELECT node_id FROM changes GROUP BY node_id HAVING count(*) > 1',
    'change without its node': `SELECT node_id FROM changes WHERE NOT is_removed
      AND node_id NOT IN (SELECT node_id FROM nodes)`,
    'tombstone of a live node': `SELECT node_id FROM changes WHERE is_removed AND node_id IN (SELECT node_id FROM nodes)`,
    'first change after the latest': 'SELECT node_id FROM changes WHERE first_change_id > change_id',
  }
  return Object.entries(rules).flatMap(([rule, query]) =>
    sqlite
      .prepare<[], string>(query)
      .pluck()
      .all()
      .map((what) => `${rule}: ${what}`),
  )
}

function wireImageOfRows(rows: readonly NodeRow[]): TreeImage {
  const image: TreeImage = new Map()
  for (const row of rows) {
    const name = displayName(nameFromColumns(row.name, row.raw_name))
    const what = row.is_directory === 1 ? 'folder' : describeFile(row.size, row.mtime, row.hash)
    image.set(row.node_id, `${row.parent_id}/${name}: ${what}`)
  }
  return image
}

function wireImage({ nodes }: FeedClient): TreeImage {
  return new Map(Array.from(nodes, ([id, node]) => [id, `${node.parent_id}/${node.name}: ${describeWire(node)}`]))
}

function describeWire(node: WireNode): string {
  return node.is_directory ? 'folder' : describeFile(node.size, microsecondsOf(node.mtime), node.hash)
}
