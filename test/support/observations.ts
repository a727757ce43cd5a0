/** What tests look up in a running pair. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { nameFromColumns } from '@drive-feed/shared/entry-name.ts'
import type { RootState, StatusRow, WatchRootRow } from '@drive-feed/shared/schema.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { FeedChange } from '../../client/src/wire.ts'
import { FeedClient } from './feed-client.ts'
import type { Pair } from './pair.ts'
import { until } from './until.ts'

/** Id of the node at `root key/relative path`; undefined if there is none. */
export function idAt(pair: Pair, path: string): string | undefined {
  return pair.read((sqlite) => {
    const children = sqlite.prepare<[string], { node_id: string; name: string; raw_name: Buffer | null }>(
      'SELECT node_id, name, raw_name FROM nodes WHERE parent_id = ?',
    )
    let id: string | undefined = SUPER_ROOT_ID
    for (const name of path.split('/')) {
      if (id === undefined) return undefined
      id = children.all(id).find((row) => nameFromColumns(row.name, row.raw_name) === name)?.node_id
    }
    return id
  })
}

/** Ids of everything below a folder, by path. */
export function idsBelow(pair: Pair, path: string): Map<string, string> {
  const top = idAt(pair, path)
  const rows = pair.read((sqlite) =>
    sqlite
      .prepare<[string | undefined], { node_id: string; path: string }>(
        `WITH RECURSIVE below (node_id, path) AS (
           SELECT node_id, name FROM nodes WHERE parent_id = ?
           UNION ALL SELECT nodes.node_id, below.path || '/' || nodes.name FROM nodes JOIN below ON parent_id = below.node_id
         ) SELECT node_id, path FROM below ORDER BY path`,
      )
      .all(top),
  )
  return new Map(rows.map((row) => [row.path, row.node_id]))
}

/** The newest cursor in the database. */
export function headOf(pair: Pair): number {
  return pair.read(
    (sqlite) => sqlite.prepare<[], number>("SELECT seq FROM sqlite_sequence WHERE name = 'changes'").pluck().get() ?? 0,
  )
}

export function statusOf(
  pair: Pair,
): Pick<StatusRow, 'heartbeatMs' | 'filesHashed' | 'filesWaiting' | 'filesFailed' | 'overflows'> | undefined {
  return pair.read((sqlite) =>
    sqlite
      .prepare<[], StatusRow>(
        `SELECT heartbeat_ms AS heartbeatMs, files_hashed AS filesHashed, files_waiting AS filesWaiting,
                files_failed AS filesFailed, overflows
         FROM status`,
      )
      .get(),
  )
}

export function rootState(pair: Pair, name: string): RootState | undefined {
  return rootRow(pair, name)?.state
}

export function rootRow(
  pair: Pair,
  name: string,
): Pick<WatchRootRow, 'state' | 'stateSinceMs' | 'message'> | undefined {
  return pair.read((sqlite) =>
    sqlite
      .prepare<[string], WatchRootRow>(
        'SELECT state, state_since_ms AS stateSinceMs, message FROM watch_roots WHERE name = ?',
      )
      .get(name),
  )
}

/** Resolves with the row of `media` once it is offline for this reason. */
export function untilOffline(pair: Pair, message = /^/) {
  return until(`the root to be offline, ${message}`, () => {
    const row = rootRow(pair, 'media')
    return row?.state === 'offline' && message.test(row.message ?? '') && row
  })
}

/** The changes in the feed after a cursor. */
export async function changesSince(pair: Pair, cursor: number): Promise<FeedChange[]> {
  return new FeedClient(pair.url, { cursor, nodes: await nodesUpTo(pair, cursor) }).poll()
}

/** All nodes of now, only so that the client knows the parents. */
async function nodesUpTo(pair: Pair, cursor: number) {
  const client = new FeedClient(pair.url)
  if (cursor > 0) await client.poll()
  return client.nodes
}

let sentinels = 0

/** Writes a file and waits until it is hashed: by then everything before it has been dealt with. Gives its name. */
export async function passSentinel(pair: Pair, folder = pair.path()): Promise<string> {
  sentinels += 1
  const name = `sentinel-${sentinels}`
  writeFileSync(`${folder}/${name}`, name)
  await until(`${name} to be hashed`, () => hashOfName(pair, name) !== '').catch((error: unknown) => {
    const row = pair.read((sqlite) => sqlite.prepare('SELECT * FROM nodes WHERE name = ?').get(name))
    throw new Error(`${(error as Error).message}: its node is ${JSON.stringify(row)}`)
  })
  return name
}

/** The hash of the file with this name; '' while there is none. */
export function hashOfName(pair: Pair, name: string): string {
  return pair.read(
    (sqlite) => sqlite.prepare<[string], string>('SELECT hash FROM nodes WHERE name = ?').pluck().get(name) ?? '',
  )
}

/** How many files the metadata workers have read since the indexer started, without sentinels. */
export async function hashJobs(pair: Pair): Promise<number> {
  const name = await passSentinel(pair)
  const seenMs = Date.now()
  // A new folder changes the number of listed folders, so the status row is written again.
  mkdirSync(pair.path(`${name}-folder`))
  const status = await until('the status row to be written', () => {
    const row = statusOf(pair)
    return row !== undefined && row.heartbeatMs >= seenMs && row
  })
  return status.filesHashed - sentinels
}

/** Size in bytes of the file with this name, null while there is none. */
export function sizeOfName(pair: Pair, name: string): number | null {
  return pair.read(
    (sqlite) => sqlite.prepare<[string], number>('SELECT size FROM nodes WHERE name = ?').pluck().get(name) ?? null,
  )
}

export function md5(content: string | Buffer): string {
  return createHash('md5').update(content).digest('hex')
}
