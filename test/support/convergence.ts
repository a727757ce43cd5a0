/** The comparison at the end of every scenario: the disk, the database and every replay of the feed are equal. */
import assert from 'node:assert/strict'
import { realpathSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { displayName, nameFromColumns } from '@drive-feed/shared/entry-name.ts'
import { createExclude } from '@drive-feed/shared/exclude.ts'
import { YEAR_1_MICROSECONDS, YEAR_10000_MICROSECONDS } from '@drive-feed/shared/microseconds.ts'
import type Database from 'better-sqlite3'
import type { FeedChange } from '../../client/src/wire.ts'
import { createAuditRows } from '../../services/indexer/src/audit/rows.ts'
import { brokenTableRules } from '../../services/indexer/src/audit/table-rules.ts'
import { walk } from '../../services/indexer/src/audit/walk.ts'
import {
  describeFile,
  describeNode,
  differences,
  diskTree,
  type NodeRow,
  nodesTree,
  readNodes,
  type TreeImage,
} from './disk-tree.ts'
import { FeedClient } from './feed-client.ts'
import { headOf } from './observations.ts'
import type { Pair } from './pair.ts'
import { BOUND_MS, until, untilNone } from './until.ts'

/** Waits until the nodes equal the disk and no file waits for its metadata. The disk must be quiet. */
export async function untilConverged(pair: Pair, { boundMs = BOUND_MS, only = '' } = {}): Promise<void> {
  const disk = part(expectedTree(pair), only)
  const unequal = () => differences(disk, part(readTree(pair), only), 'the nodes')
  await untilNone('I1: the nodes equal the disk', unequal, boundMs)
  // Two empty folders that changed places look the same but for their inodes, which the audit compares.
  if (only === '') await untilNone('I1: the audit finds no difference', () => auditProblems(pair), boundMs)
  await untilNone('no file waits for its metadata', () => pair.read(waitingFiles), boundMs)
}

function auditProblems(pair: Pair): string[] {
  const { roots, exclude } = pair.configuration()
  const isExcluded = createExclude({ patterns: exclude, usesDefaults: true })
  return pair.read((sqlite) => {
    const tools = { rows: createAuditRows({ sqlite }), isExcluded, readsFiles: false }
    return Object.entries(roots).flatMap(([name, path]) => {
      const findings = walk(tools, { root: { name, path: realpathSync(path) }, names: [] })
      return [...findings].flatMap((one) =>
        one.kind === 'problem' ? `${one.place.names.join('/')}: ${one.problem}` : [],
      )
    })
  })
}

/** The part of the tree in folders of this name directly below the roots; the whole tree for ''. */
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

/**
 * Names waiting files with their due times: a file that is due but not read is another fault than one that was put off.
 */
function waitingFiles(sqlite: Database.Database): string[] {
  return sqlite
    .prepare<[number], string>(
      `SELECT format('%s, %s, due in %d ms', name, metadata_state, metadata_due_ms - ?) FROM nodes
       WHERE metadata_state IN ('fresh', 'backlog')`,
    )
    .pluck()
    .all(Date.now())
}

/** A client that follows the feed while the test works, and remembers its nodes at every cursor. */
export type Follower = {
  /** Every change that was read, in order. */
  readonly changes: FeedChange[]
  readonly client: FeedClient
  readonly catchUp: () => Promise<void>
  readonly stop: () => Promise<void>
  readonly snapshots: readonly FeedClient[]
}

const SNAPSHOTS_MAX = 200
const SNAPSHOT_NODES_MAX = 200_000

export function follow(pair: Pair, { pauseMs = 10, maxSize = null as number | null } = {}): Follower {
  const client = new FeedClient(pair.url, { maxSize })
  const snapshots: FeedClient[] = [client.fork()]
  const changes: FeedChange[] = []
  let isStopping = false
  let turn: Promise<void> = Promise.resolve()
  let failure: unknown
  const once = async () => {
    const before = client.cursor
    changes.push(...(await client.poll()))
    if (client.cursor === before) return
    snapshots.push(client.fork())
    const tooMany = Math.min(SNAPSHOTS_MAX, SNAPSHOT_NODES_MAX / (client.nodes.size + 1))
    // Drops a snapshot in the middle: those at both ends show most.
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
  await until('the feed to stand still while it is compared', () => isAllEqual(pair, follower, bounds), bounds.boundMs)
}

/**
 * Compares as `assertAllEqual` does. False if the feed moved on during the comparison, which then shows nothing: a file
 * that was there when it was looked at may be about to be listed, and be gone again soon after.
 *
 * @throws if something differs while the feed stood still
 */
async function isAllEqual(
  pair: Pair,
  follower: Follower | undefined,
  bounds: { readonly boundMs?: number; readonly only?: string },
): Promise<boolean> {
  await untilConverged(pair, bounds)
  const head = headOf(pair)
  const rows = pair.read(readNodes)
  assert.deepEqual(
    pair.read((sqlite) => [...brokenTableRules(sqlite)]),
    [],
    'the tables hold together',
  )
  const expected = wireImageOfRows(rows)
  const clients = [new FeedClient(pair.url), new FeedClient(pair.url, { maxSize: 7 })]
  if (rows.length > 2_000) clients.pop()
  if (follower !== undefined) {
    await follower.catchUp()
    clients.push(...follower.snapshots.map((snapshot) => snapshot.fork()), follower.client.fork())
  }
  for (const client of clients) {
    const from = client.cursor
    await client.poll()
    const unequal = differences(expected, wireImage(client), 'the replay')
    if (headOf(pair) !== head) return false
    assert.deepEqual(unequal, [], `I2: replay from cursor ${from}`)
  }
  return true
}

function wireImageOfRows(rows: readonly NodeRow[]): TreeImage {
  const image: TreeImage = new Map()
  for (const row of rows) {
    const name = displayName(nameFromColumns(row.name, row.raw_name))
    // On the wire a time outside the years 1 to 9999 is the first or last moment of these years.
    const mtime = Math.min(Math.max(row.mtime, Number(YEAR_1_MICROSECONDS)), Number(YEAR_10000_MICROSECONDS - 1n))
    const what = row.is_directory === 1 ? 'folder' : describeFile(row.size, mtime, row.hash)
    image.set(row.node_id, `${row.parent_id}/${name}: ${what}`)
  }
  return image
}

function wireImage({ nodes }: FeedClient): TreeImage {
  return new Map(Array.from(nodes, ([id, node]) => [id, `${node.parent_id}/${node.name}: ${describeNode(node)}`]))
}
