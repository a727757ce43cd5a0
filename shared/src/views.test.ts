/**
 * Shows what each view says, as the program `sqlite3` prints it: that is who the views are for, and an older SQLite than
 * ours has to understand them. The database is open for writing meanwhile, as beside a running indexer.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type Database from 'better-sqlite3'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { displayName, rawNameColumn } from './entry-name.ts'
import { openWriter } from './open-database.ts'
import { SUPER_ROOT_ID } from './schema.ts'
import { VIEWS } from './views.ts'

const hasProgram = spawnSync('sqlite3', ['--version']).status === 0
const needsProgram = { skip: !hasProgram && 'the program sqlite3 is not installed' }

type Row = Record<string, unknown>

type NewNode = {
  readonly id: string
  readonly parent: string
  readonly name?: string
  readonly folder?: boolean
  readonly size?: number | bigint
  readonly hash?: string
  /** Default: one of its own. */
  readonly inode?: string
  readonly birth?: number
  readonly duration?: number
}

const NOON_US = 1_772_625_600_000_000
const NOON = '2026-03-04 12:00:00'

/** A feed with the roots `/mnt/media` and, offline, `/`. */
function createFeed(t: TestContext) {
  const path = join(temporaryFolder(t), 'feed.db')
  const { sqlite } = openWriter(path)
  sqlite.pragma('synchronous = OFF')
  t.after(() => sqlite.close())
  const insert = sqlite.prepare(
    `INSERT INTO nodes (node_id, parent_id, name, raw_name, is_directory, ctime, mtime, birth_time, size, hash, device,
       inode, ms_duration) VALUES (?, ?, ?, ?, ?, ${NOON_US}, ${NOON_US}, ?, ?, ?, 'd', ?, ?)`,
  )
  const add = (node: NewNode) => {
    const { id, parent, name = id, folder = false, size = 0, hash = '', inode = `of ${id}`, birth = 1 } = node
    const [shown, raw] = [displayName(name), rawNameColumn(name)]
    insert.run(id, parent, shown, raw, folder ? 1 : 0, birth, size, hash, inode, node.duration ?? 0)
  }
  for (const [name, place, state] of [
    ['media', '/mnt/media', 'watching'],
    ['all', '/', 'offline'],
  ] as const) {
    add({ id: name, parent: SUPER_ROOT_ID, folder: true })
    sqlite
      .prepare('INSERT INTO watch_roots (name, node_id, path, state, state_since_ms) VALUES (?, ?, ?, ?, 0)')
      .run(name, name, place, state)
  }
  return { path, sqlite, add }
}

/** What the program prints, while a transaction of the writer is under way. */
function ask({ path, sqlite }: { path: string; sqlite: Database.Database }, sql: string): Row[] {
  sqlite.exec('BEGIN IMMEDIATE; UPDATE nodes SET size = 0')
  try {
    const printed = execFileSync('sqlite3', ['-readonly', '-json', path, sql], { encoding: 'utf8' })
    return printed === '' ? [] : JSON.parse(printed)
  } finally {
    sqlite.exec('ROLLBACK')
  }
}

test('files: each name with its path, in every root, whatever bytes it has', needsProgram, (t) => {
  const feed = createFeed(t)
  feed.add({ id: 'sub', parent: 'media', name: 'a\udcff', folder: true })
  feed.add({ id: 'film', parent: 'sub', name: 'b\udcfe.mp4', size: 5, hash: 'h', duration: 3_723_456 })
  feed.add({ id: 'etc', parent: 'all', folder: true })
  feed.add({ id: 'away', parent: 'etc', birth: 0 })
  const rows = ask(feed, 'SELECT * FROM files ORDER BY path')
  const columns = ['path', 'name', 'size', 'modified', 'changed', 'created', 'hash', 'duration', 'root']
  assert.deepEqual(
    rows.map((row) => columns.map((column) => row[column])),
    [
      ['/etc/away', 'away', 0, NOON, NOON, null, '', null, 'all'],
      [
        ...['/mnt/media/a\ufffdFF/b\ufffdFE.mp4', 'b\ufffdFE.mp4', 5, NOON, NOON],
        ...['1970-01-01 00:00:00', 'h', '1:02:03', 'media'],
      ],
    ],
  )
})

test('folders: files and bytes of all that is below, with hard links each time and once', needsProgram, (t) => {
  const feed = createFeed(t)
  feed.add({ id: 'a', parent: 'media', folder: true })
  feed.add({ id: 'b', parent: 'a', folder: true })
  feed.add({ id: 'empty', parent: 'media', folder: true })
  feed.add({ id: 'one', parent: 'media', size: 1 })
  feed.add({ id: 'link 1', parent: 'a', size: 10, inode: 'linked' })
  feed.add({ id: 'link 2', parent: 'b', size: 10, inode: 'linked' })
  feed.add({ id: 'link 3', parent: 'b', size: 10, inode: 'linked' })
  // The number of a file in a root that is away, which another file has by now.
  feed.add({ id: 'away', parent: 'all', size: 10, inode: 'linked', birth: 2 })
  feed.add({ id: 'not seen yet', parent: 'b', size: 100, inode: '' })
  feed.add({ id: 'nor this', parent: 'b', size: 100, inode: '' })
  const rows = ask(feed, 'SELECT path, files, bytes, bytes_once FROM folders ORDER BY path')
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      ['/', 1, 10, 10],
      ['/mnt/media', 6, 231, 211],
      ['/mnt/media/a', 5, 230, 210],
      ['/mnt/media/a/b', 4, 220, 210],
      ['/mnt/media/empty', 0, 0, 0],
    ],
  )
})

test('folders: more bytes than an integer holds are shown as a fraction, and no error', needsProgram, (t) => {
  const feed = createFeed(t)
  const size = 2n ** 63n - 1n
  feed.add({ id: 'a', parent: 'media', size })
  feed.add({ id: 'b', parent: 'media', folder: true })
  feed.add({ id: 'c', parent: 'b', size, inode: 'of a' })
  feed.add({ id: 'd', parent: 'b', size })
  const [root] = ask(feed, "SELECT typeof(bytes) AS type, bytes, bytes_once FROM folders WHERE path = '/mnt/media'")
  assert.deepEqual(root, { type: 'real', bytes: 3 * 2 ** 63, bytes_once: 2 ** 64 })
})

test('recent_changes: what happened where, and when if that is known', needsProgram, (t) => {
  const feed = createFeed(t)
  const { sqlite } = feed
  for (const id of ['new', 'moved', 'changed']) feed.add({ id, parent: 'media' })
  const change = sqlite.prepare(
    'INSERT INTO changes (change_id, node_id, first_change_id, is_removed) VALUES (?, ?, ?, ?)',
  )
  change.run(1, 'media', 1, 0)
  change.run(5, 'changed', 2, 0)
  change.run(6, 'moved', 3, 0)
  change.run(7, 'gone', 4, 1)
  change.run(8, 'long gone', 4, 1)
  change.run(9, 'new', 9, 0)
  sqlite.exec(`UPDATE nodes SET change_id = c.change_id,
    moved_change_id = iif(c.node_id = 'changed', 2, c.change_id) FROM changes AS c WHERE c.node_id = nodes.node_id`)
  sqlite.prepare("INSERT INTO removals VALUES (7, '/mnt/media/x/gone', 'gone', ?)").run(NOON_US / 1_000)
  const rows = ask(feed, 'SELECT change_id, kind, path, name, time FROM recent_changes')
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      [9, 'created', '/mnt/media/new', 'new', NOON],
      [8, 'removed', null, null, null],
      [7, 'removed', '/mnt/media/x/gone', 'gone', NOON],
      [6, 'moved', '/mnt/media/moved', 'moved', null],
      [5, 'changed', '/mnt/media/changed', 'changed', NOON],
      [1, 'created', '/mnt/media', 'media', NOON],
    ],
  )
})

test('duplicates: files of equal content, and hard links are one file', needsProgram, (t) => {
  const feed = createFeed(t)
  for (const id of ['a', 'b', 'c']) feed.add({ id, parent: 'media', size: 10, hash: 'small' })
  feed.add({ id: 'c too', parent: 'media', size: 10, hash: 'small', inode: 'of c' })
  for (const id of ['x', 'y']) feed.add({ id, parent: 'media', size: 100, hash: 'large' })
  for (const id of ['linked', 'twice']) feed.add({ id, parent: 'media', size: 7, hash: 'linked', inode: 'i' })
  for (const id of ['empty', 'void']) feed.add({ id, parent: 'media', hash: 'of nothing' })
  for (const id of ['waits', 'too']) feed.add({ id, parent: 'media', size: 9 })
  const rows = ask(feed, 'SELECT wasted, size, files, hash, path FROM duplicates')
  assert.deepEqual(
    rows.map((row) => Object.values(row)).sort((one, other) => String(one[4]).localeCompare(String(other[4]))),
    [
      [20, 10, 3, 'small', '/mnt/media/a'],
      [20, 10, 3, 'small', '/mnt/media/b'],
      [20, 10, 3, 'small', '/mnt/media/c'],
      [20, 10, 3, 'small', '/mnt/media/c too'],
      [100, 100, 2, 'large', '/mnt/media/x'],
      [100, 100, 2, 'large', '/mnt/media/y'],
    ],
  )
  assert.deepEqual(
    rows.map(({ wasted }) => wasted),
    [100, 100, 20, 20, 20, 20],
    'the most wasteful first',
  )
})

test('current_problems: those that the indexer wrote, after its own silence', needsProgram, (t) => {
  const feed = createFeed(t)
  const { sqlite } = feed
  sqlite.exec(`INSERT INTO problems VALUES (0, 'root_offline', 'all', 'it is away', 'mount it', ${NOON_US / 1_000})`)
  const codes = () => ask(feed, 'SELECT code, since FROM current_problems').map((row) => Object.values(row))
  const away = ['root_offline', NOON]
  assert.deepEqual(codes(), [away])
  const set = sqlite.prepare(
    `INSERT INTO status (id, state, version, started_ms, heartbeat_ms) VALUES (1, ?, '1', 0, ?)
     ON CONFLICT (id) DO UPDATE SET state = excluded.state, heartbeat_ms = excluded.heartbeat_ms`,
  )
  set.run('watching', Date.now())
  assert.deepEqual(codes(), [away])
  set.run('watching', NOON_US / 1_000)
  assert.deepEqual(codes(), [['indexer_silent', NOON], away])
  set.run('stopped', Date.now())
  assert.deepEqual(
    codes().map(([code]) => code),
    ['indexer_stopped', 'root_offline'],
  )
})

/** Reads of a whole table or index that happen once a view: none is inside of a loop over another one. */
const ONCE = new Map([
  ['files', []],
  ['folder_paths', []],
  ['folders', ['SCAN nodes USING INDEX nodes_by_place', 'SCAN nodes USING COVERING INDEX nodes_by_inode']],
  ['recent_changes', ['SCAN changes']],
  ['duplicates', ['SCAN nodes USING COVERING INDEX nodes_by_hash']],
  ['current_problems', ['SCAN status', 'SCAN status', 'SCAN problems']],
])

type Plan = readonly { readonly detail: string }[]

function assertLinear(planOf: (view: string) => Plan): void {
  for (const view of Object.keys(VIEWS)) {
    const details = planOf(view).map(({ detail }) => detail)
    const scans = details.filter((detail) => /^SCAN (nodes|changes|status|problems|shown|above)\b/.test(detail))
    assert.deepEqual(scans, ONCE.get(view), `${view}:\n${details.join('\n')}`)
    const joins = details.filter((detail) => /^(SCAN|SEARCH) (sums|again|removals)\b/.test(detail))
    assert.ok(
      joins.every((detail) => detail.startsWith('SEARCH')),
      `${view}:\n${joins.join('\n')}`,
    )
  }
}

test('no view joins two tables row by row, in our SQLite', (t) => {
  const { sqlite } = createFeed(t)
  assertLinear((view) => sqlite.prepare(`EXPLAIN QUERY PLAN SELECT * FROM ${view}`).all() as Plan)
})

test('no view joins two tables row by row, in that of the program', needsProgram, (t) => {
  const { path } = createFeed(t)
  assertLinear((view) => {
    const args = ['-readonly', path, `EXPLAIN QUERY PLAN SELECT * FROM ${view}`]
    const printed = execFileSync('sqlite3', args, { encoding: 'utf8' })
    return printed.split('\n').map((line) => ({ detail: line.replace(/^[|` -]*/, '') }))
  })
})
